#include "io/postgres/read_issues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "io/postgres/pool.hpp"
#include "io/postgres/query_sql.hpp"

namespace mesher::postgres {
namespace {

constexpr UnixMicros kHour = 3'600'000'000;

constexpr std::string_view kSelect =
    "select i.project_id, i.id, i.short_id, p.slug, i.title, i.culprit, i.type, i.platform, i.level, i.status, "
    "i.substatus,"
    " i.is_regressed, i.event_count, i.user_count, i.first_seen, i.last_seen, i.first_release, i.assigned_user,"
    " i.assigned_team, encode(i.primary_hash, 'hex'), i.first_received, i.last_received, i.version, "
    "(i.life->'asked')::text";
constexpr std::string_view kFrom = " from issues i join projects p on p.id = i.project_id";
// One scan of the project's last day; counted to the hour, as the sparkline is.
constexpr std::string_view kTrend =
    " left join (select h.issue_id, sum(h.events)::bigint as events from issue_hours h"
    " where h.project_id = $1::integer and h.hour > $2::timestamptz - interval '24 hours' group by h.issue_id) d"
    " on d.issue_id = i.id";

constexpr int kIssueColumns = 24;

IssueRow issue_at(const Rows& rows, std::size_t row) {
  int column = 0;
  const auto text = [&] { return std::string(rows.text(row, column++)); };
  const auto integer = [&] { return rows.integer(row, column++); };
  const auto optional_id = [&]() -> std::optional<std::uint32_t> {
    const int at = column++;
    if (rows.is_null(row, at)) return std::nullopt;
    return static_cast<std::uint32_t>(rows.integer(row, at));
  };
  IssueRow issue;
  issue.project_id = static_cast<std::uint32_t>(integer());
  issue.id = integer();
  issue.short_id = integer();
  issue.project_slug = text();
  issue.title = text();
  issue.culprit = text();
  issue.type = text();
  issue.platform = text();
  issue.level = static_cast<nodes::Level>(integer());
  issue.status = text();
  issue.substatus = text();
  issue.is_regressed = rows.boolean(row, column++);
  issue.event_count = integer();
  issue.user_count = integer();
  issue.first_seen = rows.time(row, column++);
  issue.last_seen = rows.time(row, column++);
  issue.first_release = text();
  issue.assigned_user = optional_id();
  issue.assigned_team = optional_id();
  issue.fingerprint = text();
  issue.first_received = rows.time(row, column++);
  issue.last_received = rows.time(row, column++);
  issue.version = integer();
  issue.waits_for = text();
  return issue;
}

std::string_view column_of(IssueSort sort) {
  switch (sort) {
    case IssueSort::last_seen:
      return "i.last_seen";
    case IssueSort::first_seen:
      return "i.first_seen";
    case IssueSort::event_count:
      return "i.event_count";
    case IssueSort::user_count:
      return "i.user_count";
    case IssueSort::trend:
      return "coalesce(d.events, 0)";
  }
  return "i.last_seen";
}

bool is_time(IssueSort sort) {
  return sort == IssueSort::last_seen || sort == IssueSort::first_seen;
}

}  // namespace

IssuePosition position_of(const IssueRow& issue, IssueSort sort) {
  switch (sort) {
    case IssueSort::last_seen:
      return {issue.last_seen, issue.id};
    case IssueSort::first_seen:
      return {issue.first_seen, issue.id};
    case IssueSort::event_count:
      return {issue.event_count, issue.id};
    case IssueSort::user_count:
      return {issue.user_count, issue.id};
    case IssueSort::trend:
      return {issue.trend, issue.id};
  }
  return {};
}

std::string issue_condition(const IssueListing& listing, Params& params) {
  std::string sql = "i.event_count > 0";
  if (listing.from) sql += fmt::format(" and i.last_received >= ${}::timestamptz", params.time(*listing.from).size());
  if (listing.to) sql += fmt::format(" and i.first_received < ${}::timestamptz", params.time(*listing.to).size());
  const QueryContext context{listing.user_id, listing.now, 1};
  if (!listing.query.empty()) sql += " and " + issue_condition(listing.query, context, params);
  return sql;
}

Result<std::vector<IssueRow>> list_issues(Pool& pool, const IssueListing& listing) {
  // Only shapes of the statement depend on the listing; values are parameters.
  const bool trend = listing.sort == IssueSort::trend;
  Params params;
  params.integer(listing.project_id);
  if (trend) params.time(listing.now);
  std::string sql = fmt::format("{}{}{}{} where i.project_id = $1::integer and ", kSelect,
                                trend ? ", coalesce(d.events, 0)" : "", kFrom, trend ? kTrend : "");
  sql += issue_condition(listing, params);
  const auto column = column_of(listing.sort);
  if (listing.after) {
    const bool time = is_time(listing.sort);
    const int value = (time ? params.time(listing.after->value) : params.integer(listing.after->value)).size();
    const int id = params.integer(listing.after->id).size();
    sql += fmt::format(" and ({}, i.id) < (${}::{}, ${}::bigint)", column, value, time ? "timestamptz" : "bigint", id);
  }
  sql += fmt::format(" order by {} desc, i.id desc limit ${}::integer", column, params.integer(listing.limit).size());

  auto rows = pool.query_once(sql, params);
  if (!rows) return std::move(rows).error();
  std::vector<IssueRow> list;
  list.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    list.push_back(issue_at(*rows, i));
    if (trend) list.back().trend = rows->integer(i, kIssueColumns);
  }
  return list;
}

Result<std::optional<IssueRow>> find_issue(Pool& pool, std::int64_t id,
                                           const std::vector<std::uint32_t>& organization_ids) {
  static const std::string kSql =
      std::string(kSelect) + std::string(kFrom) +
      " where p.organization_id = any($1::integer[]) and i.event_count > 0 and"
      " i.id = coalesce((select r.target_id from issue_redirects r where r.issue_id = $2::bigint), $2::bigint)";
  Params params;
  params.integers(std::vector<std::int64_t>(organization_ids.begin(), organization_ids.end())).integer(id);
  auto rows = pool.query(kSql, params);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<IssueRow>();
  return std::optional<IssueRow>(issue_at(*rows, 0));
}

Result<std::vector<IssueRow>> find_issues(Pool& pool, std::uint32_t project_id, const std::vector<std::int64_t>& ids) {
  static const std::string kSql =
      std::string(kSelect) + std::string(kFrom) +
      " where i.project_id = $1::integer and i.id = any ($2::bigint[]) and i.event_count > 0";
  Params params;
  params.integer(project_id).integers(ids);
  auto rows = pool.query(kSql, params);
  if (!rows) return std::move(rows).error();
  std::vector<IssueRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(issue_at(*rows, i));
  return list;
}

Result<std::vector<Sparkline>> sparklines(Pool& pool, std::uint32_t project_id,
                                          const std::vector<std::int64_t>& issue_ids, UnixMicros now) {
  std::vector<Sparkline> lines(issue_ids.size());
  if (issue_ids.empty()) return lines;
  const UnixMicros first = (now / kHour - static_cast<UnixMicros>(Sparkline{}.size()) + 1) * kHour;
  Params params;
  params.integer(project_id).integers(issue_ids).time(first);
  auto rows = pool.query(
      "select issue_id, hour, events from issue_hours where project_id = $1::integer and issue_id = any($2::bigint[])"
      " and hour >= $3::timestamptz",
      params);
  if (!rows) return std::move(rows).error();
  std::unordered_map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < issue_ids.size(); ++i) place[issue_ids[i]] = i;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const auto hour = static_cast<std::size_t>((rows->time(row, 1) - first) / kHour);
    const auto at = place.find(rows->integer(row, 0));
    if (at != place.end() && hour < Sparkline{}.size()) lines[at->second][hour] = rows->integer(row, 2);
  }
  return lines;
}

}  // namespace mesher::postgres
