#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "nodes/alerts/engine.hpp"

namespace mesher::postgres {

/// What a window held at `now` and before, from the stored events: to fill windows after a start, and to try a rule on
/// the past. Bounded: at most kMostPast entries, the latest ones.
constexpr std::size_t kMostPast = 100'000;
[[nodiscard]] Result<std::vector<nodes::alerts::Engine::Past>> read_past(Connection& connection,
                                                                         const nodes::alerts::Engine::WindowKey& window,
                                                                         UnixMicros from, UnixMicros to,
                                                                         UnixMicros step);

/// How many events there were, of a window that counts per project.
[[nodiscard]] Result<std::int64_t> count_past(Connection& connection, const nodes::alerts::Engine::WindowKey& window,
                                              UnixMicros from, UnixMicros to);

/// What happened that a rule about moments would have fired for, the latest first.
struct PastMoment {
  UnixMicros at = 0;
  std::string key;
};
[[nodiscard]] Result<std::vector<PastMoment>> read_moments(Connection& connection, const nodes::alerts::Rule& rule,
                                                           UnixMicros from, UnixMicros to, std::uint32_t limit);

}  // namespace mesher::postgres
