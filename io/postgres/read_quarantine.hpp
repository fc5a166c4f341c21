#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "nodes/event.hpp"

/// Events that a node could not digest. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Connection;
class Pool;

struct QuarantineEntry {
  std::int64_t id = 0;
  std::uint32_t project_id = 0, key_id = 0;
  nodes::EventId event_id;
  UnixMicros received_at = 0, quarantined_at = 0;
  std::string node, reason, payload;

  /// False: a bundle of counts or a record that could not be read. It is kept to be looked at, and can't go round
  /// again.
  bool is_event = true;
};

/// Latest first: at most `limit` with an id below `before`.
[[nodiscard]] Result<std::vector<QuarantineEntry>> list_quarantine(Pool& pool, std::optional<std::int64_t> before,
                                                                   std::uint32_t limit);
/// Those of `ids` that exist; without `ids`: the oldest at or below `up_to`. Only events, oldest first, at most
/// `limit`.
[[nodiscard]] Result<std::vector<QuarantineEntry>> quarantined(Pool& pool, const std::vector<std::int64_t>& ids,
                                                               std::int64_t up_to, std::uint32_t limit);
/// How many entries of the same choice are no events.
[[nodiscard]] Result<std::int64_t> quarantined_without_event(Pool& pool, const std::vector<std::int64_t>& ids,
                                                             std::int64_t up_to);
/// Id of the latest entry, 0 if there is none.
[[nodiscard]] Result<std::int64_t> last_quarantined(Pool& pool);
/// Forgets entries that have gone round again.
[[nodiscard]] Status remove_quarantined(Pool& pool, const std::vector<std::int64_t>& ids);
[[nodiscard]] Status remove_quarantined(Connection& connection, const std::vector<std::int64_t>& ids);

/// What `mesher replay` chooses by: what is given must all fit; nothing given: everything.
struct QuarantineChoice {
  std::vector<std::int64_t> ids;       ///< of entries
  std::vector<nodes::EventId> events;  ///< or of their events
  std::uint32_t project_id = 0;
  std::string reason;  ///< part of it, letters without case
};
struct ReplayRequest {
  std::int64_t marked = 0, skipped = 0;  ///< skipped: fits, but is no event
  std::int64_t last = 0;                 ///< highest id marked
};
/// Marks events for a server to send round again, and tells all servers.
[[nodiscard]] Result<ReplayRequest> request_replay(Connection& connection, const QuarantineChoice& choice);

/// The oldest marked entries that no other transaction has locked, at most 200; locks them until the end of the
/// connection's transaction.
[[nodiscard]] Result<std::vector<QuarantineEntry>> lock_requested(Connection& connection);

}  // namespace mesher::postgres
