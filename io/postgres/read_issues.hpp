#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/params.hpp"
#include "nodes/event.hpp"

/// Issues, for reading. Calls block; any thread. Errors: unavailable, internal. Issues of which no event is stored yet
/// do not exist here.
namespace mesher::postgres {

class Pool;

struct IssueRow {
  std::uint32_t project_id = 0;
  std::int64_t id = 0;
  std::int64_t short_id = 0;
  std::string project_slug;
  std::string title, culprit, type, platform, status, substatus, first_release;
  std::string fingerprint;  ///< hexadecimal, the hash that the issue was created for
  nodes::Level level = nodes::Level::error;
  bool is_regressed = false;
  std::int64_t event_count = 0, user_count = 0;
  UnixMicros first_seen = 0, last_seen = 0;
  std::optional<std::uint32_t> assigned_user, assigned_team;
  std::int64_t version = 0;  ///< counts changes of state and assignment
  std::string waits_for;     ///< what a resolved or archived issue waits for, as it was asked for: JSON, or empty
};

enum class IssueSort : std::uint8_t { last_seen, first_seen, event_count, user_count };

/// Place of an issue in a sorted list: the value it is sorted by (times in micros) and its id.
struct IssuePosition {
  std::int64_t value = 0;
  std::int64_t id = 0;
};
[[nodiscard]] IssuePosition position_of(const IssueRow& issue, IssueSort sort);

struct IssueListing {
  std::uint32_t project_id = 0;
  std::optional<std::string> status;
  std::optional<nodes::Level> level;
  std::vector<std::string> words;  ///< all must be in the title, in any case of letters
  std::optional<UnixMicros> from;  ///< seen at or after
  std::optional<UnixMicros> to;    ///< first seen before
  IssueSort sort = IssueSort::last_seen;
  std::optional<IssuePosition> after;
  std::uint32_t limit = 25;
};
/// Largest or latest first.
[[nodiscard]] Result<std::vector<IssueRow>> list_issues(Pool& pool, const IssueListing& listing);

/// The part of the listing that says which issues, as a condition on `issues i`; values go into `params`.
[[nodiscard]] std::string issue_condition(const IssueListing& listing, Params& params);

/// The issue, or the one that it was merged into, if it is in a project of one of these organisations.
[[nodiscard]] Result<std::optional<IssueRow>> find_issue(Pool& pool, std::int64_t id,
                                                         const std::vector<std::uint32_t>& organization_ids);

/// Events of the 24 hours that end with the hour of `now`, oldest first.
using Sparkline = std::array<std::int64_t, 24>;
/// Parallel to `issue_ids`.
[[nodiscard]] Result<std::vector<Sparkline>> sparklines(Pool& pool, std::uint32_t project_id,
                                                        const std::vector<std::int64_t>& issue_ids, UnixMicros now);

enum class Bucket : std::uint8_t { hour, day };
[[nodiscard]] UnixMicros length_of(Bucket bucket);
struct TimelinePoint {
  UnixMicros start = 0;
  std::int64_t events = 0;
};
/// Every bucket from the one that holds `from` to the last that begins before `to`, in UTC, also the empty ones.
[[nodiscard]] Result<std::vector<TimelinePoint>> timeline(Pool& pool, const IssueRow& issue, Bucket bucket,
                                                          UnixMicros from, UnixMicros to);

}  // namespace mesher::postgres
