#pragma once

#include <cstdint>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/demo/material.hpp"

namespace mesher::demo {

/// An event that comes in.
struct Moment {
  UnixMicros at = 0;
  std::size_t story = 0;
  std::uint64_t n = 0;  ///< which of its story
};

/// When a day of the fortnight that ends at `end` is.
[[nodiscard]] UnixMicros time_of(double day, UnixMicros end);

/// All events of the fortnight that ends at `end`, in order. The same material, end and seed make the same moments.
[[nodiscard]] std::vector<Moment> moments(const Material& material, UnixMicros end, std::uint64_t seed);

}  // namespace mesher::demo
