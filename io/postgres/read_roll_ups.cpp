#include "io/postgres/read_roll_ups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/hyperloglog.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

std::vector<HourCount> hours_of(const Rows& rows) {
  std::vector<HourCount> hours;
  hours.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) hours.push_back({rows.time(i, 0), rows.integer(i, 1)});
  return hours;
}

UnixMicros next_day(UnixMicros time) {
  return (time + kDay - 1) / kDay * kDay;
}

}  // namespace

Result<std::vector<HourCount>> volume(Pool& pool, std::uint32_t project_id, const VolumeFilter& filter, UnixMicros from,
                                      UnixMicros to) {
  Params params;
  params.integer(project_id).time(from).time(to);
  Result<Rows> rows = Rows();
  if (!filter.tag_key.empty()) {
    params.text(filter.tag_key).text(filter.tag_value);
    rows = pool.query(
        "select hour, events from tag_hours where project_id = $1::integer and key = $4 and value = $5"
        " and hour >= $2::timestamptz and hour < $3::timestamptz order by hour",
        params);
  } else {
    std::vector<std::int64_t> levels;
    for (const auto level : filter.levels) levels.push_back(static_cast<std::int64_t>(level));
    params.integers(levels);
    rows = pool.query(
        "select hour, sum(events)::bigint from project_hours where project_id = $1::integer"
        " and hour >= $2::timestamptz and hour < $3::timestamptz"
        " and (cardinality($4::smallint[]) = 0 or level = any ($4::smallint[])) group by hour order by hour",
        params);
  }
  if (!rows) return std::move(rows).error();
  return hours_of(*rows);
}

Result<std::vector<HourCount>> issue_volume(Pool& pool, const IssueRow& issue, UnixMicros from, UnixMicros to) {
  Params params;
  params.integer(issue.project_id).integer(issue.id).time(from).time(to);
  auto rows = pool.query(
      "select hour, events from issue_hours where project_id = $1::integer and issue_id = $2::bigint"
      " and hour >= $3::timestamptz and hour < $4::timestamptz order by hour",
      params);
  if (!rows) return std::move(rows).error();
  return hours_of(*rows);
}

Result<std::vector<LevelCount>> levels(Pool& pool, std::uint32_t project_id, UnixMicros from, UnixMicros to) {
  Params params;
  params.integer(project_id).time(from).time(to);
  auto rows = pool.query(
      "select hour, level, events from project_hours where project_id = $1::integer"
      " and hour >= $2::timestamptz and hour < $3::timestamptz order by hour, level",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<LevelCount> counts;
  counts.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    counts.push_back({rows->time(i, 0), static_cast<nodes::Level>(rows->integer(i, 1)), rows->integer(i, 2)});
  }
  return counts;
}

Result<std::vector<TopIssue>> top_issues(Pool& pool, std::uint32_t project_id, UnixMicros from, UnixMicros to,
                                         std::uint32_t limit) {
  // Whole days from the days' sums, what is before and behind from the hours'.
  const UnixMicros first = std::min(next_day(from), to), last = std::max(first, to / kDay * kDay);
  Params params;
  params.integer(project_id).text(date_text(first / kDay)).text(date_text(first == last ? first / kDay : last / kDay));
  params.time(from).time(first).time(first == last ? first : last).time(to).integer(limit);
  auto rows = pool.query(
      "select s.issue_id, sum(s.events)::bigint from ("
      "select issue_id, events from issue_days where project_id = $1::integer and day >= $2::date and day < $3::date"
      " union all select issue_id, events from issue_hours where project_id = $1::integer"
      " and hour >= $4::timestamptz and hour < $5::timestamptz"
      " union all select issue_id, events from issue_hours where project_id = $1::integer"
      " and hour >= $6::timestamptz and hour < $7::timestamptz) s"
      " join issues i on i.project_id = $1::integer and i.id = s.issue_id and i.event_count > 0"
      " group by s.issue_id order by 2 desc, 1 desc limit $8::integer",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back(rows->integer(i, 0));
  auto issues = find_issues(pool, project_id, ids);
  if (!issues) return std::move(issues).error();
  std::unordered_map<std::int64_t, IssueRow> by_id;
  for (auto& issue : *issues) by_id.emplace(issue.id, std::move(issue));
  std::vector<TopIssue> top;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto found = by_id.find(rows->integer(i, 0));
    if (found != by_id.end()) top.push_back({std::move(found->second), rows->integer(i, 1)});
  }
  return top;
}

Result<std::vector<IssueCounts>> count_issues(Pool& pool, const std::vector<std::int64_t>& project_ids,
                                              UnixMicros since) {
  Params params;
  params.integers(project_ids).time(since);
  auto rows = pool.query(
      "select project_id, count(*) filter (where status = 'unresolved'), count(*) filter (where status = 'resolved'),"
      " count(*) filter (where status = 'archived'), count(*) filter (where substatus = 'regressed'),"
      " count(*) filter (where substatus = 'escalating'), count(*) filter (where first_received >= $2::timestamptz)"
      " from issues where project_id = any ($1::integer[]) and event_count > 0 group by project_id",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<IssueCounts> counts(project_ids.size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto at = std::find(project_ids.begin(), project_ids.end(), rows->integer(row, 0));
    auto& count = counts[static_cast<std::size_t>(at - project_ids.begin())];
    count = {rows->integer(row, 1), rows->integer(row, 2), rows->integer(row, 3),
             rows->integer(row, 4), rows->integer(row, 5), rows->integer(row, 6)};
  }
  return counts;
}

Result<std::vector<ProjectHour>> project_hours(Pool& pool, const std::vector<std::int64_t>& project_ids,
                                               UnixMicros from) {
  Params params;
  params.integers(project_ids).time(from);
  auto rows = pool.query(
      "select project_id, hour, sum(events)::bigint from project_hours where project_id = any ($1::integer[])"
      " and hour >= $2::timestamptz group by project_id, hour",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<ProjectHour> hours;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    hours.push_back({static_cast<std::uint32_t>(rows->integer(i, 0)), rows->time(i, 1), rows->integer(i, 2)});
  }
  return hours;
}

Result<std::vector<std::uint64_t>> distinct_users(Pool& pool, std::uint32_t project_id, UnixMicros now,
                                                  const std::vector<int>& days) {
  const auto today = now / kDay;
  Params params;
  params.integer(project_id).text(date_text(today - days.back() + 1));
  auto rows = pool.query(
      "select ($2::date - day), sketch from project_users where project_id = $1::integer and day >= $2::date"
      " order by day desc",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<std::uint64_t> estimates;
  HyperLogLog merged;
  std::size_t row = 0;
  for (const int range : days) {
    for (; row < rows->size(); ++row) {
      const auto age = days.back() - 1 + rows->integer(row, 0);  // in days; 0: today
      if (age >= range) break;
      const auto sketch = HyperLogLog::from_bytes(rows->bytes(row, 1));
      if (sketch) merged.merge(*sketch);
    }
    estimates.push_back(merged.estimate());
  }
  return estimates;
}

Result<std::vector<UnixMicros>> local_days(Pool& pool, const std::string& zone, UnixMicros from, UnixMicros to) {
  Params params;
  params.time(from).time(to).text(zone);
  auto rows = pool.query(
      "select d at time zone $3 from generate_series(date_trunc('day', $1::timestamptz at time zone $3),"
      " ($2::timestamptz at time zone $3) - interval '1 microsecond', interval '1 day') d order by d",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<UnixMicros> days;
  for (std::size_t i = 0; i < rows->size(); ++i) days.push_back(rows->time(i, 0));
  return days;
}

}  // namespace mesher::postgres
