#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "io/postgres/connection.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/tag_limits.hpp"
#include "nodes/ports/event_store.hpp"

/// Sums up the events of one transaction, and makes of the sums the statements that add them to the tables. All sums
/// come sorted by the keys of their tables: writers that lock rows in the same order never wait for each other in a
/// circle.
namespace mesher::postgres {

/// What the events of one transaction do to an issue.
struct IssueDelta {
  std::uint32_t project_id = 0;
  std::int64_t issue_id = 0;
  std::int64_t events = 0;
  UnixMicros first_seen = 0, last_seen = 0;  ///< of these events, by the time when they happened
  UnixMicros last_received = 0;
  nodes::Level level = nodes::Level::error;  ///< of the latest of them
  std::vector<std::uint64_t> users;          ///< hashes; distinct
  std::int32_t epoch = 0;                    ///< the oldest that an event came with

  // Filled in from the table, in the transaction, under the row's lock.
  std::int64_t events_before = 0;
  UnixMicros last_seen_before = 0;
  std::string status, substatus, life;
  std::int64_t users_before = 0;
  std::int64_t user_count = -1;  ///< -1: as before
  int transition = -1;           ///< what these events do to its state: an index of the writer's; -1: nothing
};

/// Sorted by project and issue.
[[nodiscard]] std::vector<IssueDelta> sum_issues(std::span<nodes::Event* const> events);

[[nodiscard]] Call update_issues(std::span<const IssueDelta> issues);

/// Roll-ups by hour of reception, and by day and tag (with environment and release among the tags).
[[nodiscard]] Call add_project_hours(std::span<nodes::Event* const> events);
[[nodiscard]] Call add_issue_hours(std::span<nodes::Event* const> events);
[[nodiscard]] Call add_tag_days(std::span<nodes::Event* const> events, std::span<const EventPlace> places,
                                TagLimits& limits);

/// Everything that became of events, by hour: `stored` as accepted, `duplicates` as invalid (reason "duplicate"), and
/// `others`. What comes from quarantine for a second time is no longer quarantined: quantity -1 there.
[[nodiscard]] Call add_outcomes(std::span<nodes::Event* const> stored, std::span<nodes::Event* const> duplicates,
                                std::span<const nodes::OutcomeCount> others);

[[nodiscard]] Call add_quarantined(const nodes::ports::QuarantinedRecord& record);

/// What users said, each once, with the issue of its event if that is stored by now.
[[nodiscard]] Call add_feedback(std::span<const nodes::Feedback> feedback);

}  // namespace mesher::postgres
