#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "io/auth/principal.hpp"

/// Who may do what: the one table. Every route of the API names an action of it; the checks, docs/rights.md and the
/// test of every route with every role and scope come from it.
namespace mesher::auth {

enum class Action : std::uint8_t {
  sign_in,
  see_invitation,
  read_account,
  change_account,
  manage_tokens,
  create_organization,
  read_organization,
  update_organization,
  delete_organization,
  add_member,
  change_member,
  leave,
  read_invitations,
  manage_invitations,
  manage_teams,
  read_audit_log,
  create_project,
  read_project,
  update_project,
  delete_project,
  manage_keys,
  read_issue,
  change_issue,
  delete_issue,
  read_alert,
  change_alert,
  read_instance,
  change_instance,
};

/// Whose thing an action is about, which decides how a caller without the right is answered.
enum class Realm : std::uint8_t {
  open,          ///< anybody, also without signing in
  account,       ///< the caller's own account
  organization,  ///< an organisation or what it owns: 404 for who is not a member, 403 for a role or scope too low
  instance,      ///< the whole server: 403 for who is not an owner of the instance
};

struct Right {
  Action action;
  std::string_view name;  ///< "update_project", also the action in the audit log
  Realm realm;
  Role role;            ///< the lowest role that may, in the organisation; meaningless in other realms
  bool instance_owner;  ///< only owners of the instance
  Scope scope;          ///< the lowest scope of an API token; a session has them all
  std::string_view meaning;
};

/// In the order of the enum.
[[nodiscard]] std::span<const Right> all_rights();
[[nodiscard]] const Right& right_of(Action action);

}  // namespace mesher::auth
