#include "io/postgres/sweep.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "graph/base/log.hpp"
#include "io/postgres/idempotency.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLookEvery = 2s, kBetweenBatches = 5ms, kAfterTrouble = 10s;
constexpr UnixMicros kMinute = 60'000'000, kHour = 60 * kMinute;
constexpr std::string_view kTryLock = "select pg_try_advisory_lock(7308332191)";  // any number, the same everywhere
constexpr std::string_view kUnlock = "select pg_advisory_unlock(7308332191)";

Status sweep_locked(Connection& connection, UnixMicros now, const std::function<bool()>& go_on) {
  const auto due = connection.query(
      "select project_id, deleted_at from deleted_projects where finished_at is null and look_at <= $1::timestamptz"
      " order by look_at",
      Params().time(now));
  if (!due) return due.error();
  if (due->empty()) return {};
  const auto tables = tables_of_projects(connection);
  if (!tables) return tables.error();
  for (std::size_t i = 0; i < due->size(); ++i) {
    const auto project = static_cast<std::uint32_t>(due->integer(i, 0));
    const auto removed = remove_rows(connection, *tables, project, go_on);
    if (!removed) return removed.error();
    if (!go_on()) return {};
    if (*removed > 0) log::info("sweep", "removed {} rows of the deleted project {}", *removed, project);
    const auto age = now - due->time(i, 1);
    const bool over = *removed == 0 && age > std::chrono::microseconds(kStragglers).count();
    const auto done = connection.query(
        "update deleted_projects set rows_removed = rows_removed + $2::bigint, look_at = $3::timestamptz,"
        " finished_at = case when $4 then $5::timestamptz end where project_id = $1::integer",
        Params()
            .integer(project)
            .integer(static_cast<std::int64_t>(*removed))
            .time(now + (age < 10 * kMinute ? kMinute : kHour))
            .boolean(over)
            .time(now));
    if (!done) return done.error();
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> tables_of_projects(Connection& connection) {
  const auto rows = connection.query(
      "select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
      " join pg_attribute a on a.attrelid = c.oid and a.attname = 'project_id' and not a.attisdropped"
      " where c.relkind = 'r' and n.nspname = current_schema()"
      " and c.relname not in ('projects', 'deleted_projects', 'audit_log') order by 1");
  if (!rows) return rows.error();
  std::vector<std::string> tables;
  for (std::size_t i = 0; i < rows->size(); ++i) tables.emplace_back(rows->text(i, 0));
  return tables;
}

Result<std::uint64_t> remove_rows(Connection& connection, const std::vector<std::string>& tables,
                                  std::uint32_t project_id, const std::function<bool()>& go_on) {
  std::uint64_t removed = 0;
  for (const auto& table : tables) {
    // The names are PostgreSQL's own, quoted by it.
    const auto sql = fmt::format(
        "delete from {0} where ctid = any (array (select ctid from {0} where project_id = $1::integer"
        " limit $2::integer))",
        table);
    while (true) {
      const auto done = connection.query(sql, Params().integer(project_id).integer(kSweepBatch));
      if (!done) return done.error();
      removed += done->affected();
      if (done->affected() < kSweepBatch) break;
      if (!go_on()) return removed;
    }
  }
  return removed;
}

Status sweep_projects(Connection& connection, UnixMicros now, const std::function<bool()>& go_on) {
  // Of many servers that look again and again, each pays one statement.
  const auto due = connection.query(
      "select exists (select from deleted_projects where finished_at is null and look_at <= $1::timestamptz)",
      Params().time(now));
  if (!due) return due.error();
  if (!due->boolean(0, 0)) return {};
  const auto locked = connection.query(kTryLock);
  if (!locked) return locked.error();
  if (!locked->boolean(0, 0)) return {};
  auto status = sweep_locked(connection, now, go_on);
  const auto unlocked = connection.query(kUnlock);
  if (status && !unlocked) return unlocked.error();
  return status;
}

Status sweep_leftovers(Connection& connection, UnixMicros now) {
  const auto sessions = connection.query("delete from sessions where expires_at < $1::timestamptz", Params().time(now));
  if (!sessions) return sessions.error();
  const auto invitations = connection.query("delete from invitations where expires_at < $1::timestamptz",
                                            Params().time(now - 90 * 24 * kHour));
  if (!invitations) return invitations.error();
  return forget_requests(connection, now);
}

void Sweeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

bool Sweeper::pause(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

Status Sweeper::once(Connection& connection, const std::stop_token& stop) {
  const auto now = clock_.now();
  if (now - leftovers_at_ > kHour) {
    if (auto status = sweep_leftovers(connection, now); !status) return status;
    leftovers_at_ = now;
  }
  return sweep_projects(connection, now, [&] { return pause(stop, kBetweenBatches); });
}

void Sweeper::run(const std::stop_token& stop) {
  std::optional<Connection> connection;
  while (pause(stop, connection ? kLookEvery : std::chrono::milliseconds(100))) {
    if (!connection) {
      if (auto opened = Connection::open(options_)) connection = std::move(*opened);
    }
    if (!connection) {
      if (!pause(stop, kAfterTrouble)) return;
      continue;
    }
    const auto status = once(*connection, stop);
    if (status) continue;
    log::warn("sweep", "{}", status.error().message);
    connection.reset();
    if (!pause(stop, kAfterTrouble)) return;
  }
}

}  // namespace mesher::postgres
