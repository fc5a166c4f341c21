#include "io/postgres/issue_locks.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace mesher::postgres {

Status lock_project(Connection& connection, std::uint32_t project_id) {
  const auto rows = connection.query("select id from projects where id = $1::integer for no key update",
                                     Params().integer(project_id));
  if (!rows) return rows.error();
  if (rows->empty()) return Error{ErrorCode::not_found, "no such project", "project"};
  return {};
}

Result<std::vector<LockedIssue>> lock_issues(Connection& connection, std::uint32_t project_id,
                                             const std::vector<std::int64_t>& ids) {
  const auto rows = connection.query(
      "select id, short_id, event_count, user_count, title, first_seen, last_seen, level, life, first_received,"
      " last_received from issues "
      "where project_id = $1::integer and id = any($2::bigint[]) order by project_id, id for update",
      Params().integer(project_id).integers(ids));
  if (!rows) return rows.error();
  std::vector<LockedIssue> issues;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto& issue = issues.emplace_back();
    issue.id = rows->integer(i, 0);
    issue.short_id = rows->integer(i, 1);
    issue.event_count = rows->integer(i, 2);
    issue.user_count = rows->integer(i, 3);
    issue.title = rows->text(i, 4);
    issue.first_seen = rows->time(i, 5);
    issue.last_seen = rows->time(i, 6);
    issue.level = rows->integer(i, 7);
    if (!rows->is_null(i, 8)) issue.life = nodes::IssueLife::from_json(rows->text(i, 8));
    issue.first_received = rows->time(i, 9);
    issue.last_received = rows->time(i, 10);
  }
  return issues;
}

Result<HyperLogLog> read_users(Connection& connection, std::uint32_t project_id, const std::vector<std::int64_t>& ids) {
  const auto rows =
      connection.query("select sketch from issue_users where project_id = $1::integer and issue_id = any($2::bigint[])",
                       Params().integer(project_id).integers(ids));
  if (!rows) return rows.error();
  HyperLogLog users;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto sketch = HyperLogLog::from_bytes(rows->bytes(i, 0));
    if (sketch) users.merge(*sketch);  // one that can't be read begins anew, as with the writers
  }
  return users;
}

Status write_users(Connection& connection, std::uint32_t project_id, std::int64_t id, const HyperLogLog& users) {
  Params params;
  params.integer(project_id).integer(id).bytes(users.to_bytes());
  const auto written = connection.query(
      "insert into issue_users (project_id, issue_id, sketch) values ($1::integer, $2::bigint, $3::bytea) "
      "on conflict (project_id, issue_id) do update set sketch = excluded.sketch",
      params);
  if (!written) return written.error();
  return {};
}

std::uint64_t hash_of_user(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

Status note_activity(Connection& connection, std::uint32_t project_id, std::int64_t issue_id, std::uint32_t user_id,
                     std::string_view kind, const std::string& data) {
  const auto written = connection.query(
      "insert into issue_activity (project_id, issue_id, user_id, kind, data) "
      "values ($1::integer, $2::bigint, nullif($3::integer, 0), $4, $5::jsonb)",
      Params().integer(project_id).integer(issue_id).integer(user_id).text(kind).text(data));
  if (!written) return written.error();
  return {};
}

}  // namespace mesher::postgres
