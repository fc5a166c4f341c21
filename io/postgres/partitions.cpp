#include "io/postgres/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "graph/base/log.hpp"
#include "io/postgres/event_days.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::postgres {
namespace {

std::string name_of(std::string_view table, std::int64_t day) {
  auto date = date_text(day);
  std::erase(date, '-');
  return fmt::format("{}_{}", table, date);
}

/// Attaching a table that is complete locks its parent against nothing but other changes of its shape; "create table …
/// partition of" would wait for all writers and stop them meanwhile.
std::string statements_for(std::string_view table, std::int64_t day) {
  const auto name = name_of(table, day);
  return fmt::format(
      "create table if not exists {0} (like {1} including all); "
      "alter table {1} attach partition {0} for values from ('{2}') to ('{3}');",
      name, table, date_text(day), date_text(day + 1));
}

}  // namespace

std::int64_t Partitions::clamp(std::int64_t day, std::int64_t today) {
  return std::clamp(day, today - kOldest, today + kAhead);
}

Status Partitions::make_ahead(Connection& connection, std::int64_t today) {
  forget();
  for (std::int64_t day = today - 1; day <= today + kAhead; ++day) {
    if (auto status = ensure(connection, day); !status) return status;
  }
  return {};
}

void Partitions::forget() {
  const std::lock_guard lock(mutex_);
  known_.clear();
}

Status Partitions::ensure(Connection& connection, std::int64_t day) {
  {
    const std::lock_guard lock(mutex_);
    if (known_.contains(day)) return {};
  }
  if (auto status = make(connection, day); !status) return status;
  const std::lock_guard lock(mutex_);
  known_.insert(day);
  return {};
}

Status Partitions::make(Connection& connection, std::int64_t day) {
  constexpr std::string_view kAttached =
      "select count(*) from pg_inherits where inhrelid in (to_regclass($1), to_regclass($2))";
  const auto names = Params().text(name_of("events", day)).text(name_of("event_blocks", day));
  const auto before = connection.query(kAttached, names);
  if (!before) return before.error();
  if (before->integer(0, 0) == 2) return {};

  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  if (auto locked = connection.query(kPartitionLock); !locked) return locked.error();
  for (const auto* table : {"events", "event_blocks"}) {
    const auto attached = connection.query("select 1 from pg_inherits where inhrelid = to_regclass($1)",
                                           Params().text(name_of(table, day)));
    if (!attached) return attached.error();
    if (!attached->empty()) continue;
    if (auto status = connection.execute(statements_for(table, day)); !status) return status;
  }
  log::debug("database", "made the partitions of {}", date_text(day));
  return transaction->commit();
}

}  // namespace mesher::postgres
