#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/auth/principal.hpp"
#include "io/postgres/audit.hpp"
#include "io/postgres/read_projects.hpp"

/// Changes of organisations and of who belongs to them. Calls block; any thread. Each is one transaction with its entry
/// in the audit log. Errors: unavailable, internal, and what is said at the function.
namespace mesher::postgres {

/// The caller becomes its owner. Error: conflict (hint "slug": it is in use).
[[nodiscard]] Result<OrganizationRow> create_organization(Pool& pool, const std::string& slug, const std::string& name,
                                                          const Actor& actor);

/// `edit` gets the row, locked, and changes slug and name, or answers false: then nothing is changed. Nothing: no such
/// organisation, or `edit` refused. Error: conflict (hint "slug").
[[nodiscard]] Result<std::optional<OrganizationRow>> edit_organization(
    Pool& pool, std::uint32_t id, const std::function<bool(OrganizationRow&)>& edit, const Actor& actor);

/// Members, teams, invitations, projects and keys are gone at once; what projects have stored is removed in the
/// background (sweep.hpp). False: no such organisation.
[[nodiscard]] Result<bool> delete_organization(Pool& pool, std::uint32_t id, const Actor& actor);

struct MemberRow {
  std::uint32_t user_id = 0;
  std::string email, name;
  auth::Role role = auth::Role::member;
  UnixMicros joined_at = 0;
};
/// By user id.
[[nodiscard]] Result<std::vector<MemberRow>> list_members(Pool& pool, std::uint32_t organization_id,
                                                          std::uint32_t after, std::uint32_t limit);
[[nodiscard]] Result<std::optional<MemberRow>> find_member(Pool& pool, std::uint32_t organization_id,
                                                           std::uint32_t user_id);

/// Nothing: there is no account with this address. Error: conflict (a member already; hint "email").
[[nodiscard]] Result<std::optional<MemberRow>> add_member(Pool& pool, std::uint32_t organization_id,
                                                          const std::string& email, auth::Role role,
                                                          const Actor& actor);

/// `edit` gets the row as it is and changes its role, or answers false. Nothing: no such member, or `edit` refused.
/// Error: conflict (the last owner).
[[nodiscard]] Result<std::optional<MemberRow>> edit_member(Pool& pool, std::uint32_t organization_id,
                                                           std::uint32_t user_id,
                                                           const std::function<bool(MemberRow&)>& edit,
                                                           const Actor& actor);

/// `allow` gets the row and may refuse. Issues that were assigned to the member are nobody's then, and rules that would
/// assign more do so no longer. False: no such
/// member, or `allow` refused. Error: conflict (the last owner).
[[nodiscard]] Result<bool> remove_member(Pool& pool, std::uint32_t organization_id, std::uint32_t user_id,
                                         const std::function<bool(const MemberRow&)>& allow, const Actor& actor);

/// What the functions of this folder have in common: a unique violation becomes a conflict that names the field.
[[nodiscard]] Error taken(Error error, const char* message, const char* field);

}  // namespace mesher::postgres
