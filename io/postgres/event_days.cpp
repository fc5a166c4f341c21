#include "io/postgres/event_days.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "graph/base/log.hpp"
#include "io/postgres/params.hpp"
#include "io/postgres/sql_error.hpp"

namespace mesher::postgres {
namespace {

std::string name_of(std::string_view table, std::int64_t day) {
  auto date = date_text(day);
  std::erase(date, '-');
  return fmt::format("{}_{}", table, date);
}

/// Whether an error only says that somebody holds a lock that we would have to wait for too long.
bool in_the_way(const Error& error) {
  return has_sqlstate(error, sqlstate::kLockTimeout) || has_sqlstate(error, sqlstate::kDeadlock) ||
         has_sqlstate(error, sqlstate::kCanceled);
}

Result<bool> attempt(Connection& connection, const std::string& sql) {
  const auto status = connection.execute(sql);
  if (status) return true;
  if (!in_the_way(status.error())) return status.error();
  log::debug("retention", "postponed: {}", status.error().message);
  return false;
}

/// Checks under the lock that nobody has attached it again: dropping a partition that is attached would lock all of
/// them.
Result<bool> drop_detached(Connection& connection, const std::string& table) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  if (const auto locked = connection.query(kPartitionLock); !locked) {
    if (in_the_way(locked.error())) return false;
    return locked.error();
  }
  const auto attached =
      connection.query("select 1 from pg_inherits where inhrelid = to_regclass($1)", Params().text(table));
  if (!attached) return attached.error();
  if (!attached->empty()) return false;
  auto dropped = attempt(connection, "drop table if exists " + table);
  if (!dropped || !*dropped) return dropped;
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<bool> drop_partition(Connection& connection, std::string_view parent, const std::string& table,
                            PartitionState state) {
  if (state == PartitionState::absent) return true;
  if (state != PartitionState::detached) {
    const auto* how = state == PartitionState::leaving ? "finalize" : "concurrently";
    auto done = attempt(connection, fmt::format("alter table {} detach partition {} {}", parent, table, how));
    if (!done || !*done) return done;
  }
  return drop_detached(connection, table);
}

}  // namespace

std::string EventDay::events_table() const {
  return name_of("events", day);
}

std::string EventDay::blocks_table() const {
  return name_of("event_blocks", day);
}

Result<std::vector<EventDay>> event_days(Connection& connection) {
  const auto rows = connection.query(
      "select substring(c.relname from '[0-9]{8}$')::date - '1970-01-01'::date, c.relname like 'event\\_blocks%',"
      " i.inhrelid is not null, coalesce(i.inhdetachpending, false)"
      " from pg_class c left join pg_inherits i on i.inhrelid = c.oid"
      " where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'"
      " and c.relname ~ '^(events|event_blocks)_[0-9]{8}$' order by 1");
  if (!rows) return rows.error();
  std::vector<EventDay> days;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (days.empty() || days.back().day != rows->integer(i, 0)) days.push_back({rows->integer(i, 0)});
    auto state = PartitionState::detached;
    if (rows->boolean(i, 2)) state = rows->boolean(i, 3) ? PartitionState::leaving : PartitionState::attached;
    (rows->boolean(i, 1) ? days.back().blocks : days.back().events) = state;
  }
  return days;
}

Result<bool> drop_day(Connection& connection, const EventDay& day) {
  // The events first: who finds one will soon want its payload.
  auto events = drop_partition(connection, "events", day.events_table(), day.events);
  if (!events || !*events) return events;
  return drop_partition(connection, "event_blocks", day.blocks_table(), day.blocks);
}

}  // namespace mesher::postgres
