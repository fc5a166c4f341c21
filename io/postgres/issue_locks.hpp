#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/postgres/connection.hpp"
#include "io/postgres/hyperloglog.hpp"
#include "nodes/issue_life.hpp"

/// What transactions on issues have in common. All need a connection in a transaction.
namespace mesher::postgres {

/// A row of issues, locked.
struct LockedIssue {
  std::int64_t id = 0, short_id = 0, event_count = 0, user_count = 0;
  std::string title;
  UnixMicros first_seen = 0, last_seen = 0, first_received = 0, last_received = 0;
  std::int64_t level = 0;
  std::optional<nodes::IssueLife> life;
};

/// Nobody else makes issues or moves hashes in the project until the end of the transaction. Before lock_issues().
/// Error: not_found.
[[nodiscard]] Status lock_project(Connection& connection, std::uint32_t project_id);

/// Locks those that exist, in the order of ids, as the writers do.
[[nodiscard]] Result<std::vector<LockedIssue>> lock_issues(Connection& connection, std::uint32_t project_id,
                                                           const std::vector<std::int64_t>& ids);

/// The users' sketches of some issues, merged.
[[nodiscard]] Result<HyperLogLog> read_users(Connection& connection, std::uint32_t project_id,
                                             const std::vector<std::int64_t>& ids);
[[nodiscard]] Status write_users(Connection& connection, std::uint32_t project_id, std::int64_t id,
                                 const HyperLogLog& users);

/// As the writers hash users' keys.
[[nodiscard]] std::uint64_t hash_of_user(std::string_view key);

[[nodiscard]] Status note_activity(Connection& connection, std::uint32_t project_id, std::int64_t issue_id,
                                   std::uint32_t user_id, std::string_view kind, const std::string& data);

}  // namespace mesher::postgres
