#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/audit.hpp"
#include "io/postgres/organizations.hpp"

/// Teams of an organisation. Calls block; any thread. Changes are one transaction with their entry in the audit log.
/// Errors: unavailable, internal, and what is said at the function.
namespace mesher::postgres {

struct TeamRow {
  std::uint32_t id = 0, organization_id = 0;
  std::string slug, name;
  std::uint32_t member_count = 0;
  UnixMicros created_at = 0;
};

[[nodiscard]] Result<std::vector<TeamRow>> list_teams(Pool& pool, std::uint32_t organization_id, std::uint32_t after,
                                                      std::uint32_t limit);
[[nodiscard]] Result<std::optional<TeamRow>> find_team(Pool& pool, std::uint32_t organization_id, std::uint32_t id);

/// Error: conflict (hint "slug").
[[nodiscard]] Result<TeamRow> create_team(Pool& pool, const TeamRow& team, const Actor& actor);

/// `edit` gets the row, locked, and changes slug and name, or answers false. Nothing: no such team, or `edit` refused.
/// Error: conflict (hint "slug").
[[nodiscard]] Result<std::optional<TeamRow>> edit_team(Pool& pool, std::uint32_t organization_id, std::uint32_t id,
                                                       const std::function<bool(TeamRow&)>& edit, const Actor& actor);

/// Issues that were assigned to it are nobody's then. False: no such team.
[[nodiscard]] Result<bool> delete_team(Pool& pool, std::uint32_t organization_id, std::uint32_t id, const Actor& actor);

/// By user id.
[[nodiscard]] Result<std::vector<MemberRow>> list_team_members(Pool& pool, std::uint32_t team_id, std::uint32_t after,
                                                               std::uint32_t limit);
/// True also if the member was there already. False: not a member of the organisation.
[[nodiscard]] Result<bool> add_team_member(Pool& pool, const TeamRow& team, std::uint32_t user_id, const Actor& actor);
/// False: not a member of the team.
[[nodiscard]] Result<bool> remove_team_member(Pool& pool, const TeamRow& team, std::uint32_t user_id,
                                              const Actor& actor);

}  // namespace mesher::postgres
