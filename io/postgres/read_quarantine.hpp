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

class Pool;

struct QuarantineEntry {
  std::int64_t id = 0;
  std::uint32_t project_id = 0, key_id = 0;
  nodes::EventId event_id;
  UnixMicros received_at = 0, quarantined_at = 0;
  std::string node, reason, payload;
};

/// Latest first: at most `limit` with an id below `before`.
[[nodiscard]] Result<std::vector<QuarantineEntry>> list_quarantine(Pool& pool, std::optional<std::int64_t> before,
                                                                   std::uint32_t limit);
/// Those of `ids` that exist; without `ids`: the oldest at or below `up_to`. Oldest first, at most `limit`.
[[nodiscard]] Result<std::vector<QuarantineEntry>> quarantined(Pool& pool, const std::vector<std::int64_t>& ids,
                                                               std::int64_t up_to, std::uint32_t limit);
/// Id of the latest entry, 0 if there is none.
[[nodiscard]] Result<std::int64_t> last_quarantined(Pool& pool);
/// Forgets entries that have gone round again.
[[nodiscard]] Status remove_quarantined(Pool& pool, const std::vector<std::int64_t>& ids);

}  // namespace mesher::postgres
