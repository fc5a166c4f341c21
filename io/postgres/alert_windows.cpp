#include "io/postgres/alert_windows.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <string>
#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/query_sql.hpp"
#include "nodes/query/parse.hpp"

namespace mesher::postgres {
namespace {

using nodes::alerts::Engine;
using nodes::alerts::Per;

/// The events of the window's project and filter; $1 to $5 are taken.
std::string conditions(const Engine::WindowKey& window, UnixMicros from, UnixMicros to, Params& params) {
  params.integer(window.project_id).time(from).time(to).text(date_text(from / kDay)).text(date_text(to / kDay));
  std::string sql =
      "e.project_id = $1::integer and e.received_at >= $2::timestamptz and e.received_at < $3::timestamptz "
      "and e.day >= $4::date and e.day <= $5::date";
  const auto parsed = query::parse(window.filter, query::Scope::stream);
  const auto* node = std::get_if<query::Node>(&parsed);
  if (node && !node->empty()) sql += " and " + event_condition(*node, {0, to, 1}, params);
  return sql;
}

/// The column that tells keys apart.
std::string key_column(const Engine::WindowKey& window, Params& params) {
  if (window.per == Per::project) return "''::text";
  if (window.per == Per::issue) return "e.issue_id::text";
  if (window.tag == "environment" || window.tag == "release") return "e." + window.tag;
  return fmt::format("tag_value(e.tags, ${}::text)", params.text(window.tag).size());
}

}  // namespace

Result<std::vector<Engine::Past>> read_past(Connection& connection, const Engine::WindowKey& window, UnixMicros from,
                                            UnixMicros to, UnixMicros step) {
  Params params;
  const auto where = conditions(window, from, to, params);
  const auto key = key_column(window, params);
  const auto step_parameter = params.integer(step).size();
  const auto limit = params.integer(static_cast<std::int64_t>(kMostPast)).size();
  // Microseconds since 1970, divided as the windows do.
  const auto bucket =
      fmt::format("(extract(epoch from e.received_at) * 1000000)::bigint / ${}::bigint", step_parameter);
  const auto sql = fmt::format(
      "select key, person, bucket, events from (select {} as key, {} as person, {} as bucket, count(*) as events "
      "from events e where {}{}{} group by 1, 2, 3 order by 3 desc limit ${}::integer) as latest order by 3",
      key, window.users ? "e.user_key" : "''::text", bucket, where, window.users ? " and e.user_key is not null" : "",
      window.per == Per::project ? "" : fmt::format(" and {} is not null", key), limit);
  const auto rows = connection.query_once(sql, params);
  if (!rows) return rows.error();
  std::vector<Engine::Past> past;
  past.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto user = rows->text(i, 1);
    past.push_back({std::string(rows->text(i, 0)), user.empty() ? 0 : XXH3_64bits(user.data(), user.size()),
                    rows->integer(i, 2) * step, static_cast<std::uint32_t>(rows->integer(i, 3))});
  }
  return past;
}

Result<std::int64_t> count_past(Connection& connection, const Engine::WindowKey& window, UnixMicros from,
                                UnixMicros to) {
  Params params;
  const auto where = conditions(window, from, to, params);
  const auto rows = connection.query_once(fmt::format("select count(*) from events e where {}", where), params);
  if (!rows) return rows.error();
  return rows->integer(0, 0);
}

Result<std::vector<PastMoment>> read_moments(Connection& connection, const nodes::alerts::Rule& rule, UnixMicros from,
                                             UnixMicros to, std::uint32_t limit) {
  using nodes::alerts::Kind;
  Params params;
  const Engine::WindowKey window{rule.project_id, false, Per::project, {}, 0, rule.filter};
  const auto where = conditions(window, from, to, params);
  const auto most = params.integer(limit).size();
  const auto kind = rule.condition.kind;
  std::string sql;
  if (kind == Kind::new_issue) {
    sql = fmt::format(
        "select min(e.received_at), 'issue:' || e.issue_id from events e "
        "join issues i on i.project_id = e.project_id and i.id = e.issue_id "
        "where {} and i.first_seen >= $2::timestamptz group by e.issue_id order by 1 desc limit ${}::integer",
        where, most);
  } else if (kind == Kind::new_release) {
    sql = fmt::format(
        "select min(r.first_seen), 'release:' || r.version from events e "
        "join releases r on r.project_id = e.project_id and r.version = e.release "
        "where {} and r.first_seen >= $2::timestamptz and r.first_seen < $3::timestamptz "
        "group by r.version order by 1 desc limit ${}::integer",
        where, most);
  } else {
    const auto activity = params.text(kind == Kind::regression ? "regressed" : "escalating").size();
    sql = fmt::format(
        "select a.at, 'issue:' || a.issue_id from issue_activity a where a.project_id = $1::integer "
        "and a.at >= $2::timestamptz and a.at < $3::timestamptz and a.kind = ${} "
        "and exists (select 1 from events e where e.issue_id = a.issue_id and {}) order by 1 desc limit ${}::integer",
        activity, where, most);
  }
  const auto rows = connection.query_once(sql, params);
  if (!rows) return rows.error();
  std::vector<PastMoment> moments;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    moments.push_back({rows->time(i, 0), std::string(rows->text(i, 1))});
  }
  return moments;
}

}  // namespace mesher::postgres
