#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "nodes/event.hpp"
#include "nodes/query/ast.hpp"

/// Stored events, for reading. Calls block; any thread. Errors: unavailable, internal, corrupt (a payload block).
namespace mesher::postgres {

class Pool;

struct EventRow {
  std::uint32_t project_id = 0;
  nodes::EventId id;
  std::int64_t issue_id = 0;
  UnixMicros received_at = 0, occurred_at = 0;
  nodes::Level level = nodes::Level::error;
  std::string message;  ///< its first characters
  std::string environment, release, user_key;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string day;  ///< of its partition
  std::int64_t block_id = 0;
  std::int32_t block_index = 0;
};

/// Place of an event in the order of reception.
struct EventPosition {
  UnixMicros received_at = 0;
  nodes::EventId id;
};
[[nodiscard]] inline EventPosition position_of(const EventRow& event) {
  return {event.received_at, event.id};
}

struct EventListing {
  std::uint32_t project_id = 0;
  std::vector<std::int64_t> issue_ids;  ///< empty: of any issue
  query::Node query;
  std::uint32_t user_id = 0;  ///< who is `me` in the query
  UnixMicros now = 0;         ///< what its relative times are relative to
  UnixMicros from = 0;        ///< received at or after
  UnixMicros to = 0;          ///< received before
  std::optional<EventPosition> after;
  std::uint32_t limit = 25;
};
/// Latest received first.
[[nodiscard]] Result<std::vector<EventRow>> list_events(Pool& pool, const EventListing& listing);

/// The event, if it is in one of these projects.
[[nodiscard]] Result<std::optional<EventRow>> find_event(Pool& pool, const nodes::EventId& id,
                                                         const std::vector<std::uint32_t>& project_ids);

/// The events of the same issue received before and after this one.
struct Neighbours {
  std::optional<nodes::EventId> previous, next;
};
[[nodiscard]] Result<Neighbours> neighbours(Pool& pool, const EventRow& event);

/// The latest events of each issue received in [from, to), at most `each` of one, in the order of `issue_ids`.
[[nodiscard]] Result<std::vector<EventRow>> latest_events(Pool& pool, std::uint32_t project_id,
                                                          const std::vector<std::int64_t>& issue_ids, UnixMicros from,
                                                          UnixMicros to, std::uint32_t each);

/// Payloads of events of one project, parallel to `events`. A block that holds several is read once.
[[nodiscard]] Result<std::vector<std::string>> payloads_of(Pool& pool, const std::vector<EventRow>& events);

/// The event as sent, JSON.
[[nodiscard]] Result<std::string> payload_of(Pool& pool, const EventRow& event);

}  // namespace mesher::postgres
