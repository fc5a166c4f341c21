#pragma once

#include <cstddef>
#include <unordered_map>

#include "graph/base/clock.hpp"
#include "graph/node.hpp"

namespace mesher::nodes {

/// Keys seen within a window, in two generations: memory is bounded by `max_keys`, and a key is remembered for at least
/// half the window (less only when there are too many). Not thread-safe.
///
/// Each key remembers who brought it. The same bringer is no duplicate of itself: after a crash, a pause or a halved
/// batch the graph sees the same event again, and it must pass.
class SeenKeys {
 public:
  SeenKeys(UnixMicros window, std::size_t max_keys) : half_(window / 2), max_keys_(max_keys) {}

  /// True if `key` was brought within the window by another one than `bringer`.
  bool duplicate(std::uint64_t key, std::uint64_t bringer, UnixMicros now);
  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

 private:
  UnixMicros half_;
  std::size_t max_keys_;
  UnixMicros young_since_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> young_, old_;
};

/// Node type `dedupe`, events to events. Outcome of duplicates: invalid, reason duplicate.
[[nodiscard]] graph::NodeSpec dedupe_spec(const Clock* clock);

}  // namespace mesher::nodes
