#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/read_issues.hpp"

/// What dashboards show, read from the sums that the pipeline keeps (tally.hpp, roll_ups.hpp): what it costs depends on
/// the length of the time range, never on the number of events. Times are those of reception, in whole hours of UTC;
/// ranges are [from, to) and begin and end with an hour. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Pool;

struct HourCount {
  UnixMicros hour = 0;
  std::int64_t events = 0;
};

/// Which events of a project are counted: all, those of some levels, or those of one environment or release.
struct VolumeFilter {
  std::vector<nodes::Level> levels;
  std::string tag_key;  ///< "environment" or "release"; then no levels
  std::string tag_value;
};
/// Hours with events, oldest first.
[[nodiscard]] Result<std::vector<HourCount>> volume(Pool& pool, std::uint32_t project_id, const VolumeFilter& filter,
                                                    UnixMicros from, UnixMicros to);
[[nodiscard]] Result<std::vector<HourCount>> issue_volume(Pool& pool, const IssueRow& issue, UnixMicros from,
                                                          UnixMicros to);

struct LevelCount {
  UnixMicros hour = 0;
  nodes::Level level = nodes::Level::error;
  std::int64_t events = 0;
};
[[nodiscard]] Result<std::vector<LevelCount>> levels(Pool& pool, std::uint32_t project_id, UnixMicros from,
                                                     UnixMicros to);

struct TopIssue {
  IssueRow issue;
  std::int64_t events = 0;  ///< in the range
};
/// Most events first.
[[nodiscard]] Result<std::vector<TopIssue>> top_issues(Pool& pool, std::uint32_t project_id, UnixMicros from,
                                                       UnixMicros to, std::uint32_t limit);

/// Counts of a project's issues.
struct IssueCounts {
  std::int64_t unresolved = 0, resolved = 0, archived = 0, regressed = 0, escalating = 0;
  std::int64_t fresh = 0;  ///< first received since `since`
};
/// Parallel to `project_ids`.
[[nodiscard]] Result<std::vector<IssueCounts>> count_issues(Pool& pool, const std::vector<std::int64_t>& project_ids,
                                                            UnixMicros since);

/// Events by hour of several projects: a row for each hour that has some.
struct ProjectHour {
  std::uint32_t project_id = 0;
  UnixMicros hour = 0;
  std::int64_t events = 0;
};
[[nodiscard]] Result<std::vector<ProjectHour>> project_hours(Pool& pool, const std::vector<std::int64_t>& project_ids,
                                                             UnixMicros from);

/// Estimates of the distinct users in the last n UTC days, today among them; parallel to `days`, which ascends.
[[nodiscard]] Result<std::vector<std::uint64_t>> distinct_users(Pool& pool, std::uint32_t project_id, UnixMicros now,
                                                                const std::vector<int>& days);

/// The beginnings of the days of a time zone ("Europe/Berlin") from the one that holds `from` to the last that begins
/// before `to`. Error: invalid if there is no such zone.
[[nodiscard]] Result<std::vector<UnixMicros>> local_days(Pool& pool, const std::string& zone, UnixMicros from,
                                                         UnixMicros to);

}  // namespace mesher::postgres
