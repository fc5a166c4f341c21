#pragma once

#include <cstdint>
#include <string>

#include "graph/base/clock.hpp"
#include "io/demo/material.hpp"
#include "nodes/event.hpp"

namespace mesher::demo {

/// An event as an SDK would send it, and what the request brings along.
struct MadeEvent {
  nodes::EventId id;
  std::string json;
  std::string client;  ///< "sentry.python/2.19.0"
  std::string user_agent, client_ip;
};

/// Makes events of stories: fills their slots; adds release, environment, user, contexts, tags, request, breadcrumbs
/// and SDK as the story's service has them. The same seed makes the same events.
class EventMaker {
 public:
  EventMaker(const Material& material, std::uint64_t seed) : material_(material), seed_(seed) {}

  /// The n-th event of a story, which happened at `at`; `end` is the end of the fortnight, which says which releases
  /// were deployed then.
  [[nodiscard]] MadeEvent make(std::size_t story, std::uint64_t n, UnixMicros at, UnixMicros end) const;

 private:
  const Material& material_;
  const std::uint64_t seed_;
};

}  // namespace mesher::demo
