#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/demo/material.hpp"
#include "io/demo/place.hpp"

namespace mesher::demo {

struct FillOptions {
  std::uint64_t seed = 1;
  /// Called after each day with its number from 1, and the events that came in.
  std::function<void(int day, std::uint64_t events)> on_day;
  /// True: stop where it is.
  std::function<bool()> stop;
};

struct Filled {
  UnixMicros end = 0;  ///< of the fortnight
  std::uint64_t events = 0;
  bool complete = false;
};

/// Fills a project that has no issues yet with the fortnight up to now: stores events through the pipeline, and does in
/// between what people do, each at its time. Errors: unavailable, internal.
[[nodiscard]] Result<Filled> fill(postgres::Pool& pool, const Place& place, const Material& material,
                                  const FillOptions& options);

}  // namespace mesher::demo
