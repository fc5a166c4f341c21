#include "io/auth/rights.hpp"

#include <array>

namespace mesher::auth {
namespace {

using enum Action;

constexpr Right open(Action action, std::string_view name, std::string_view meaning) {
  return {action, name, Realm::open, Role::member, false, Scope::read, meaning};
}
constexpr Right account(Action action, std::string_view name, Scope scope, std::string_view meaning) {
  return {action, name, Realm::account, Role::member, false, scope, meaning};
}
constexpr Right org(Action action, std::string_view name, Role role, Scope scope, std::string_view meaning) {
  return {action, name, Realm::organization, role, false, scope, meaning};
}
constexpr Right instance(Action action, std::string_view name, Scope scope, std::string_view meaning) {
  return {action, name, Realm::instance, Role::member, true, scope, meaning};
}

constexpr Role kMember = Role::member, kAdmin = Role::admin, kOwner = Role::owner;
constexpr Scope kRead = Scope::read, kWrite = Scope::write, kManage = Scope::admin;

// clang-format off
constexpr std::array kRights{
    open(sign_in,                "sign_in",                 "sign in and out"),
    open(see_invitation,         "see_invitation",          "see and accept an invitation whose link one has"),
    account(read_account,        "read_account",     kRead,   "see one's own account, organisations and sessions"),
    account(change_account,      "change_account",   kManage, "change one's own name and password, end one's sessions"),
    account(manage_tokens,       "manage_tokens",    kManage, "list, make and revoke one's own API tokens"),
    instance(create_organization, "create_organization", kManage, "create an organisation"),
    org(read_organization,   "read_organization",   kMember, kRead,   "see an organisation, its members and teams"),
    org(update_organization, "update_organization", kAdmin,  kManage, "rename an organisation"),
    org(delete_organization, "delete_organization", kOwner,  kManage, "delete an organisation with all that it has"),
    Right{add_member, "add_member", Realm::organization, kAdmin, true, kManage,
          "add somebody who has an account, without an invitation"},
    org(change_member,       "change_member",       kAdmin,  kManage, "change roles and remove members, up to one's own role"),
    org(leave,               "leave",               kMember, kManage, "leave an organisation"),
    org(read_invitations,    "read_invitations",    kAdmin,  kRead,   "see who is invited"),
    org(manage_invitations,  "manage_invitations",  kAdmin,  kManage, "invite, up to one's own role, and take invitations back"),
    org(manage_teams,        "manage_teams",        kAdmin,  kManage, "make, change and delete teams"),
    org(read_audit_log,      "read_audit_log",      kAdmin,  kRead,   "see who changed what"),
    org(create_project,      "create_project",      kAdmin,  kManage, "create a project"),
    org(read_project,        "read_project",        kMember, kRead,   "see a project, its settings, keys and figures"),
    org(update_project,      "update_project",      kAdmin,  kManage, "change a project and its settings"),
    org(delete_project,      "delete_project",      kAdmin,  kManage, "delete a project with all that it has"),
    org(manage_keys,         "manage_keys",         kAdmin,  kManage, "make, change, rotate and revoke DSN keys"),
    org(read_issue,          "read_issue",          kMember, kRead,   "see issues and events"),
    org(change_issue,        "change_issue",        kMember, kWrite,  "resolve, archive, assign, merge and comment issues"),
    org(delete_issue,        "delete_issue",        kAdmin,  kWrite,  "delete and discard issues"),
    org(read_alert,          "read_alert",          kMember, kRead,   "see alert rules and alerts"),
    org(change_alert,        "change_alert",        kMember, kWrite,  "change alert rules, acknowledge alerts"),
    instance(read_instance,   "read_instance",   kRead,   "see the graph, the nodes, the quarantine, the storage and the instance's audit log"),
    instance(change_instance, "change_instance", kManage, "change the graph, replay the quarantine"),
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRights.size(); ++i) {
    if (static_cast<std::size_t>(kRights[i].action) != i) return false;
  }
  return true;
}
static_assert(in_order() && kRights.size() == static_cast<std::size_t>(change_instance) + 1);

}  // namespace

std::span<const Right> all_rights() {
  return kRights;
}

const Right& right_of(Action action) {
  return kRights[static_cast<std::size_t>(action)];
}

}  // namespace mesher::auth
