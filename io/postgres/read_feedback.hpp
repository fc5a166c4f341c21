#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "nodes/event.hpp"

/// What users said, for reading. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Pool;

struct FeedbackRow {
  nodes::EventId id;
  std::optional<nodes::EventId> event_id;
  std::int64_t issue_id = 0;  ///< 0: the event is not known
  UnixMicros received_at = 0;
  std::string name, email, comments, url;
};

struct FeedbackListing {
  std::uint32_t project_id = 0;
  std::optional<std::int64_t> issue_id;
  std::optional<std::pair<UnixMicros, nodes::EventId>> after;  ///< received, id of the last one seen
  std::uint32_t limit = 25;
};
/// Latest first. What came before its event was stored is found by the event's id, among the latest kUnresolved such
/// entries of the project.
constexpr std::uint32_t kUnresolved = 1000;
[[nodiscard]] Result<std::vector<FeedbackRow>> list_feedback(Pool& pool, const FeedbackListing& listing);

}  // namespace mesher::postgres
