#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"

/// Who asks, and what they may do. A request has exactly one Principal, made by the Authenticator.
namespace mesher::auth {

/// In an organisation. A higher role may all that a lower one may.
enum class Role : std::uint8_t { member = 0, admin = 1, owner = 2 };
[[nodiscard]] std::string_view name_of(Role role);
[[nodiscard]] std::optional<Role> role_from(std::string_view name);

/// What a token may be used for, whatever its user may. `write` includes `read`, `admin` includes both.
enum class Scope : std::uint8_t { read = 0, write = 1, admin = 2 };
[[nodiscard]] std::string_view name_of(Scope scope);

/// The highest scope that the names stored with a token give. No names at all: everything its user may. Only unknown
/// names: nothing.
[[nodiscard]] std::optional<Scope> scope_from(const std::vector<std::string>& names);

struct Principal {
  std::uint32_t user_id = 0;    ///< 0: nobody is signed in
  std::uint32_t token_id = 0;   ///< 0: not by an API token
  std::int64_t session_id = 0;  ///< 0: not by a session
  std::string csrf_token;       ///< of a session: what its changes must bring along
  std::string email, name;
  bool instance_owner = false;
  std::map<std::uint32_t, Role> organizations;
  std::optional<Scope> scope;
  std::optional<UnixMicros> expires_at = std::nullopt;  ///< of the token or session

  [[nodiscard]] bool allows(Scope wanted) const { return scope && *scope >= wanted; }
  [[nodiscard]] std::optional<Role> role_in(std::uint32_t organization_id) const;
  /// Being an owner of the instance gives no sight of other organisations' projects.
  [[nodiscard]] bool may_see(std::uint32_t organization_id) const { return role_in(organization_id).has_value(); }
  /// Those where the role is at least `role`.
  [[nodiscard]] std::vector<std::uint32_t> organization_ids(Role role = Role::member) const;
};

}  // namespace mesher::auth
