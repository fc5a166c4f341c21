#include "io/auth/principal.hpp"

namespace mesher::auth {

std::string_view name_of(Role role) {
  switch (role) {
    case Role::member:
      return "member";
    case Role::admin:
      return "admin";
    case Role::owner:
      return "owner";
  }
  return "member";
}

std::optional<Role> role_from(std::string_view name) {
  for (const Role role : {Role::member, Role::admin, Role::owner}) {
    if (name == name_of(role)) return role;
  }
  return std::nullopt;
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::read:
      return "read";
    case Scope::write:
      return "write";
    case Scope::admin:
      return "admin";
  }
  return "read";
}

std::optional<Scope> scope_from(const std::vector<std::string>& names) {
  if (names.empty()) return Scope::admin;
  std::optional<Scope> highest;
  for (const auto& name : names) {
    for (const Scope scope : {Scope::read, Scope::write, Scope::admin}) {
      if (name == name_of(scope) && (!highest || scope > *highest)) highest = scope;
    }
  }
  return highest;
}

std::optional<Role> Principal::role_in(std::uint32_t organization_id) const {
  const auto found = organizations.find(organization_id);
  if (found == organizations.end()) return std::nullopt;
  return found->second;
}

std::vector<std::uint32_t> Principal::organization_ids(Role least) const {
  std::vector<std::uint32_t> ids;
  ids.reserve(organizations.size());
  for (const auto& [id, role] : organizations) {
    if (role >= least) ids.push_back(id);
  }
  return ids;
}

}  // namespace mesher::auth
