#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/postgres/read_events.hpp"

/// What a client of the live stream missed. Calls block; any thread. Errors: unavailable.
namespace mesher::postgres {

/// Those of the events that are stored, in this order.
[[nodiscard]] Result<std::vector<EventRow>> events_by_id(Pool& pool, std::uint32_t project_id,
                                                         const std::vector<nodes::EventId>& ids);

/// The latest events received behind this place, at most `limit`, oldest first.
[[nodiscard]] Result<std::vector<EventRow>> events_behind(Pool& pool, std::uint32_t project_id,
                                                          const EventPosition& after, std::size_t limit);

}  // namespace mesher::postgres
