#pragma once

#include <string>
#include <string_view>

#include "graph/base/error.hpp"

namespace mesher::postgres {

/// SQLSTATEs that callers tell apart; they are found in Error::hint as "sqlstate 23505".
namespace sqlstate {
constexpr std::string_view kUniqueViolation = "23505";
constexpr std::string_view kCheckViolation = "23514";  ///< also "no partition of relation found for row"
constexpr std::string_view kDeadlock = "40P01";
constexpr std::string_view kSerialization = "40001";
constexpr std::string_view kUndefinedTable = "42P01";
constexpr std::string_view kDuplicateTable = "42P07";
constexpr std::string_view kLockTimeout = "55P03";
constexpr std::string_view kCanceled = "57014";  ///< statement_timeout
}  // namespace sqlstate

/// What a failure means for the caller.
/// - unavailable: connection lost, server starting or stopping, out of connections, memory or disk (53100), I/O error,
///   statement timeout, deadlock, read-only server: the same call may succeed later.
/// - conflict: a unique constraint.
/// - invalid: the data can't be stored (SQLSTATE classes 22, 23 and 54).
/// - denied: a right is missing. internal: everything else, our SQL is wrong.
[[nodiscard]] ErrorCode classify_sqlstate(std::string_view sqlstate);

/// Error with the server's message on one line and the SQLSTATE as hint.
[[nodiscard]] Error sql_error(std::string_view sqlstate, std::string_view message);

[[nodiscard]] bool has_sqlstate(const Error& error, std::string_view sqlstate);

}  // namespace mesher::postgres
