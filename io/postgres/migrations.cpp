#include "io/postgres/migrations.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include "graph/base/log.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kRecordTable =
    "create table if not exists mesher_migrations (name text primary key, checksum text not null, "
    "applied_at timestamptz not null default now())";
constexpr std::string_view kLock = "select pg_advisory_lock(7308332185)";  // any number, the same in all versions
constexpr std::string_view kUnlock = "select pg_advisory_unlock(7308332185)";

std::string checksum(std::string_view sql) {
  const auto hash = XXH3_128bits(sql.data(), sql.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

Status check_known(const Rows& applied, const std::vector<Migration>& migrations) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const auto name = applied.text(i, 0);
    if (i >= migrations.size()) {
      return Error{ErrorCode::conflict,
                   fmt::format("the database is newer than this program: it has migration {}", name),
                   "run the newer mesher, or restore a backup made before the upgrade"};
    }
    if (name != migrations[i].name || applied.text(i, 1) != checksum(migrations[i].sql)) {
      return Error{ErrorCode::conflict,
                   fmt::format("migration {} of the database is not the one that this program knows as {}", name,
                               migrations[i].name),
                   "use the program that made this database, or an empty database"};
    }
  }
  return {};
}

Status apply(Connection& connection, const Migration& migration) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  auto status = connection.execute(std::string(migration.sql));
  if (!status) {
    auto error = status.error();
    error.message = fmt::format("migration {}: {}", migration.name, error.message);
    return error;
  }
  const auto recorded = connection.query("insert into mesher_migrations (name, checksum) values ($1, $2)",
                                         Params().text(migration.name).text(checksum(migration.sql)));
  if (!recorded) return recorded.error();
  return transaction->commit();
}

Result<int> migrate_locked(Connection& connection, const std::vector<Migration>& migrations) {
  if (auto status = connection.execute(std::string(kRecordTable)); !status) return status.error();
  const auto applied = connection.query("select name, checksum from mesher_migrations order by name");
  if (!applied) return applied.error();
  if (auto status = check_known(*applied, migrations); !status) return status.error();
  int count = 0;
  for (auto i = applied->size(); i < migrations.size(); ++i) {
    if (auto status = apply(connection, migrations[i]); !status) return status.error();
    log::info("database", "applied migration {}", migrations[i].name);
    ++count;
  }
  return count;
}

}  // namespace

Result<int> migrate(Connection& connection, const std::vector<Migration>& migrations) {
  if (connection.server_version() < 140000) {
    return Error{ErrorCode::conflict,
                 fmt::format("PostgreSQL {} is too old: Mesher needs 14 or newer", connection.server_version() / 10000),
                 "upgrade the server"};
  }
  if (auto locked = connection.query(kLock); !locked) return locked.error();
  auto answer = migrate_locked(connection, migrations);
  if (!connection.broken()) (void)connection.query(kUnlock);
  return answer;
}

}  // namespace mesher::postgres
