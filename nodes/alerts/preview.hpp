#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/alerts/engine.hpp"

/// What a rule would have fired, played over the past. Pure functions.
namespace mesher::nodes::alerts {

struct WouldFire {
  UnixMicros at = 0;
  std::string key;
  double value = 0;
};

/// For rules about windows: `past` by time. Fires, cools down and becomes quiet as the engine does.
[[nodiscard]] std::vector<WouldFire> play(const Rule& rule, std::span<const Engine::Past> past);

/// For percent_change: `past` by time, from a day (or week) and a window before `from` on.
[[nodiscard]] std::vector<WouldFire> play_comparison(const Rule& rule, std::span<const Engine::Past> past,
                                                     UnixMicros from, UnixMicros to);

}  // namespace mesher::nodes::alerts
