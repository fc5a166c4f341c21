#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "graph/base/clock.hpp"
#include "graph/node.hpp"

namespace mesher::nodes {

/// Token buckets by key: each holds up to `burst` tokens, `per_second` flow in. Kept as one number each, the time at
/// which the bucket will be full again (the generic cell rate algorithm of ATM), so nothing is lost to rounding.
/// Remembers at most `max_keys`; of more, the longest unused ones are forgotten (and start full again). Not
/// thread-safe.
class TokenBuckets {
 public:
  TokenBuckets(double per_second, double burst, std::size_t max_keys);

  /// Takes a token of this key's bucket; false if there is none.
  bool take(std::uint64_t key, UnixMicros now);
  [[nodiscard]] std::size_t keys() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::int64_t full_at;  ///< nanoseconds since 1970
    std::list<std::uint64_t>::iterator used;
  };

  std::int64_t token_ns_;  ///< time in which one token flows in
  std::int64_t burst_ns_;  ///< and all but one of a full bucket
  std::size_t max_keys_;
  std::unordered_map<std::uint64_t, Bucket> buckets_;
  std::list<std::uint64_t> by_use_;  ///< longest unused first
};

/// Node type `rate_limit`, events to events. Outcome of what is too much: rate_limited.
[[nodiscard]] graph::NodeSpec rate_limit_spec(const Clock* clock);

}  // namespace mesher::nodes
