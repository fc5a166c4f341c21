#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// The audit log: every change that people make, written by the transaction that makes it.
namespace mesher::postgres {

class Pool;

/// Who changes something.
struct Actor {
  std::uint32_t user_id = 0;   ///< 0: nobody with an account
  std::uint32_t token_id = 0;  ///< 0: by a session, or at the machine
  std::string name;            ///< e-mail address, or the command
  std::string address;         ///< of the network
};

struct Change {
  std::uint32_t organization_id = 0;  ///< 0: concerns the instance
  std::uint32_t project_id = 0;       ///< 0: none
  std::string_view action;            ///< "project.update"
  std::string_view target_type;       ///< "project"
  std::string target_id;
  std::string target;               ///< name, for people
  std::string details_json = "{}";  ///< what it was and what it is: {"name":{"from":…,"to":…}}
};

/// Writes one entry within the transaction that `connection` is in.
[[nodiscard]] Status note_change(Connection& connection, const Actor& actor, const Change& change);

/// For changes that are not in the database or span several transactions.
[[nodiscard]] Status note_change(Pool& pool, const Actor& actor, const Change& change);

struct AuditRow {
  std::int64_t id = 0;
  UnixMicros happened_at = 0;
  std::uint32_t organization_id = 0, project_id = 0, actor_id = 0, token_id = 0;  ///< 0: none
  std::string actor, address, action, target_type, target_id, target, details_json;
};

struct AuditQuery {
  std::uint32_t organization_id = 0;   ///< 0: what concerns the instance
  std::string action;                  ///< empty: any
  std::uint32_t actor_id = 0;          ///< 0: any
  std::optional<std::int64_t> before;  ///< entries with smaller ids
  std::uint32_t limit = 25;
};

/// Latest first.
[[nodiscard]] Result<std::vector<AuditRow>> list_audit(Pool& pool, const AuditQuery& query);

}  // namespace mesher::postgres
