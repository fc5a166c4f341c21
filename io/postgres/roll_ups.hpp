#pragma once

#include <optional>
#include <span>

#include "io/postgres/connection.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/tag_limits.hpp"
#include "nodes/event.hpp"

/// More sums of one transaction's events, beside those of tally.hpp; sorted by the keys of their tables as well.
namespace mesher::postgres {

/// Issues by UTC day of reception.
[[nodiscard]] Call add_issue_days(std::span<nodes::Event* const> events);

/// Environments and releases by hour of reception; nothing if no event has one. Values that tag_days does not count by
/// name count under ''.
[[nodiscard]] std::optional<Call> add_tag_hours(std::span<nodes::Event* const> events,
                                                std::span<const EventPlace> places, TagLimits& limits);

}  // namespace mesher::postgres
