#include "io/postgres/storage_figures.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

/// A block is written by the transaction that writes its events, so one that is seen without any has lost them.
Status remove_orphans(Connection& connection, const EventDay& day, std::uint64_t& removed) {
  constexpr std::uint64_t kBatch = 500;
  const auto sql = fmt::format(
      "delete from {0} where ctid = any (array (select b.ctid from {0} b where not exists"
      " (select from {1} e where e.block_id = b.block_id) limit $1::integer))",
      day.blocks_table(), day.events_table());
  while (true) {
    const auto done = connection.query_once(sql, Params().integer(kBatch));
    if (!done) return done.error();
    removed += done->affected();
    if (done->affected() < kBatch) return {};
  }
}

std::string measurement_of(const EventDay& day) {
  return fmt::format(
      "with e as (select project_id, count(*)::numeric as events from {0} group by 1),"
      " b as (select project_id, count(*)::numeric as blocks, sum(octet_length(data))::numeric as octets from {1} "
      "group by 1),"
      " s as (select pg_table_size('{0}') as rows, pg_table_size('{1}') as payloads,"
      " pg_indexes_size('{0}') as row_indexes, pg_indexes_size('{1}') as block_indexes,"
      " (select sum(events) from e) as events, (select sum(blocks) from b) as blocks, (select sum(octets) from b) as "
      "octets)"
      " insert into storage_days (project_id, day, events, blocks, row_bytes, payload_bytes, index_bytes)"
      " select project_id, $1::date, coalesce(e.events, 0), coalesce(b.blocks, 0),"
      " coalesce(s.rows * e.events / nullif(s.events, 0), 0), coalesce(s.payloads * b.octets / nullif(s.octets, 0), 0),"
      " coalesce(s.row_indexes * e.events / nullif(s.events, 0), 0)"
      " + coalesce(s.block_indexes * b.blocks / nullif(s.blocks, 0), 0)"
      " from e full join b using (project_id) cross join s",
      day.events_table(), day.blocks_table());
}

StoredDay stored_day(const Rows& rows, std::size_t i, int column) {
  StoredDay day;
  day.day = rows.integer(i, column);
  day.events = rows.integer(i, column + 1);
  day.blocks = rows.integer(i, column + 2);
  day.bytes = {rows.integer(i, column + 3), rows.integer(i, column + 4), rows.integer(i, column + 5)};
  return day;
}

/// Today, yesterday, and what was never measured, as it is now.
Result<std::vector<StoredDay>> count_now(Pool& pool, std::uint32_t project_id, std::int64_t today) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  const auto days = event_days(**lease);
  if (!days) return days.error();
  const auto measured = (*lease)->query("select day - '1970-01-01'::date from storage_measured");
  if (!measured) return measured.error();
  std::vector<std::int64_t> known;
  for (std::size_t i = 0; i < measured->size(); ++i) known.push_back(measured->integer(i, 0));
  std::vector<StoredDay> counted;
  for (const auto& day : *days) {
    if (!day.whole() || day.day > today + 1) continue;
    if (day.day < today - 1 && std::find(known.begin(), known.end(), day.day) != known.end()) continue;
    // PostgreSQL's statistics say how many rows there are in all: counting those of other projects is not worth it.
    const auto sql = fmt::format(
        "select $2::bigint, e.n, b.n, coalesce(pg_table_size('{0}') * e.n / greatest(s.rows, e.n, 1), 0)::bigint,"
        " b.octets, (coalesce(pg_indexes_size('{0}') * e.n / greatest(s.rows, e.n, 1), 0)"
        " + coalesce(pg_indexes_size('{1}') * b.n / greatest(s.blocks, b.n, 1), 0))::bigint"
        " from (select count(*) as n from {0} where project_id = $1::integer) e,"
        " (select count(*) as n, coalesce(sum(octet_length(data)), 0)::bigint as octets from {1}"
        " where project_id = $1::integer) b,"
        " (select pg_stat_get_live_tuples('{0}'::regclass) as rows, pg_stat_get_live_tuples('{1}'::regclass) as "
        "blocks) s",
        day.events_table(), day.blocks_table());
    const auto rows = (*lease)->query_once(sql, Params().integer(project_id).integer(day.day));
    if (!rows) return rows.error();
    if (rows->integer(0, 1) > 0 || rows->integer(0, 2) > 0) counted.push_back(stored_day(*rows, 0, 0));
  }
  return counted;
}

constexpr std::string_view kMeasuredAt = "select max(measured_at) from storage_measured";

}  // namespace

StoredBytes& StoredBytes::operator+=(const StoredBytes& other) {
  rows += other.rows;
  payloads += other.payloads;
  indexes += other.indexes;
  return *this;
}

Status measure_day(Connection& connection, const EventDay& day, std::uint64_t& blocks_deleted) {
  constexpr std::string_view kChanges =
      "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint,"
      " coalesce((select changes from storage_measured where day = $3::date), -1)"
      " from pg_stat_user_tables where relname in ($1, $2) and schemaname = current_schema()";
  const auto changes =
      connection.query(kChanges, Params().text(day.events_table()).text(day.blocks_table()).text(date_text(day.day)));
  if (!changes) return changes.error();
  if (changes->integer(0, 0) == changes->integer(0, 1)) return {};
  if (auto status = remove_orphans(connection, day, blocks_deleted); !status) return status;
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  const auto before =
      connection.query("delete from storage_days where day = $1::date", Params().text(date_text(day.day)));
  if (!before) return before.error();
  if (const auto done = connection.query_once(measurement_of(day), Params().text(date_text(day.day))); !done) {
    return done.error();
  }
  const auto noted = connection.query(
      "insert into storage_measured (day, changes) values ($1::date, $2::bigint)"
      " on conflict (day) do update set changes = excluded.changes, measured_at = now()",
      Params().text(date_text(day.day)).integer(changes->integer(0, 0)));
  if (!noted) return noted.error();
  return transaction->commit();
}

Status forget_days(Connection& connection, const std::vector<EventDay>& there) {
  std::vector<std::string> days;
  days.reserve(there.size());
  for (const auto& day : there) days.push_back(date_text(day.day));
  for (const auto* table : {"storage_days", "storage_measured"}) {
    const auto gone =
        connection.query(fmt::format("delete from {} where day <> all ($1::date[])", table), Params().texts(days));
    if (!gone) return gone.error();
  }
  return {};
}

Result<ProjectStorage> storage_of(Pool& pool, std::uint32_t project_id, std::int64_t today) {
  const auto rows = pool.query(
      "select day - '1970-01-01'::date, events, blocks, row_bytes, payload_bytes, index_bytes from storage_days"
      " where project_id = $1::integer and day < '1970-01-01'::date + $2::integer order by day",
      Params().integer(project_id).integer(today - 1));
  if (!rows) return rows.error();
  ProjectStorage storage;
  for (std::size_t i = 0; i < rows->size(); ++i) storage.days.push_back(stored_day(*rows, i, 0));
  auto counted = count_now(pool, project_id, today);
  if (!counted) return counted.error();
  storage.days.insert(storage.days.end(), counted->begin(), counted->end());
  std::sort(storage.days.begin(), storage.days.end(), [](const auto& a, const auto& b) { return a.day < b.day; });
  const auto issues = pool.query("select count(*) from issues where project_id = $1::integer and event_count > 0",
                                 Params().integer(project_id));
  if (!issues) return issues.error();
  storage.issues = issues->integer(0, 0);
  const auto measured = pool.query(kMeasuredAt);
  if (!measured) return measured.error();
  if (!measured->is_null(0, 0)) storage.measured_at = measured->time(0, 0);
  return storage;
}

Result<InstanceStorage> storage_of_instance(Pool& pool) {
  InstanceStorage storage;
  const auto tables = pool.query(
      "select regexp_replace(relname, '_[0-9]{8}$', '') as name, sum(greatest(reltuples, 0))::bigint,"
      " sum(pg_table_size(oid))::bigint, sum(pg_indexes_size(oid))::bigint, pg_database_size(current_database())"
      " from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace"
      " group by 1 order by 3 desc, 1");
  if (!tables) return tables.error();
  for (std::size_t i = 0; i < tables->size(); ++i) {
    storage.tables.push_back(
        {std::string(tables->text(i, 0)), tables->integer(i, 1), tables->integer(i, 2), tables->integer(i, 3)});
    storage.database_bytes = tables->integer(i, 4);
  }
  const auto projects = pool.query(
      "select project_id, sum(events)::bigint, sum(row_bytes)::bigint, sum(payload_bytes)::bigint,"
      " sum(index_bytes)::bigint from storage_days group by 1"
      " order by sum(row_bytes + payload_bytes + index_bytes) desc, 1 limit 100");
  if (!projects) return projects.error();
  for (std::size_t i = 0; i < projects->size(); ++i) {
    storage.projects.push_back({static_cast<std::uint32_t>(projects->integer(i, 0)),
                                projects->integer(i, 1),
                                {projects->integer(i, 2), projects->integer(i, 3), projects->integer(i, 4)}});
  }
  const auto days = pool.query(
      "select day - '1970-01-01'::date, sum(events)::bigint, sum(blocks)::bigint, sum(row_bytes)::bigint,"
      " sum(payload_bytes)::bigint, sum(index_bytes)::bigint from storage_days group by 1 order by 1");
  if (!days) return days.error();
  for (std::size_t i = 0; i < days->size(); ++i) storage.days.push_back(stored_day(*days, i, 0));
  const auto measured = pool.query(kMeasuredAt);
  if (!measured) return measured.error();
  if (!measured->is_null(0, 0)) storage.measured_at = measured->time(0, 0);
  return storage;
}

}  // namespace mesher::postgres
