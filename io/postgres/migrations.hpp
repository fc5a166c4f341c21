#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::postgres {

/// A file of schema/migrations: "0001_base" and its SQL.
struct Migration {
  std::string_view name;
  std::string_view sql;
};

/// The files that were built into this program, by number.
[[nodiscard]] std::vector<Migration> built_in_migrations();

/// Brings the database up to date: applies what is missing, in order, each in a transaction of its own, under an
/// advisory lock, so that many nodes may start at once. What was applied is recorded in `mesher_migrations` with a
/// checksum of its text. Answers how many were applied.
/// Errors: conflict (the database is newer than this program, or a file was changed after it was applied: nothing is
/// touched; the hint says what to do), unavailable, internal.
[[nodiscard]] Result<int> migrate(Connection& connection, const std::vector<Migration>& migrations);

}  // namespace mesher::postgres
