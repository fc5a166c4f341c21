#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/audit.hpp"

namespace mesher::postgres {
class Pool;
}

namespace mesher::demo {

/// Where the demo takes place.
struct Place {
  std::uint32_t organization_id = 0, project_id = 0, key_id = 0, team_id = 0;
  std::string organization_slug, project_slug, public_key;
  std::uint32_t owner_id = 0;
  std::string owner_email;
  std::string owner_password;                   ///< only if the owner was made just now
  std::map<std::string, std::uint32_t> people;  ///< by nickname
  bool has_issues = false;                      ///< something was sent to the project already
};

/// The demo in the audit log: the owner, by this command.
[[nodiscard]] postgres::Actor actor_of(const Place& place);

/// Finds or makes the organisation "Demo", whose owner is the first owner of the instance (who is made, with a random
/// password, if there is none yet), a project of this name in it, and five members who can't sign in: their accounts
/// have no password. Errors: unavailable, internal.
[[nodiscard]] Result<Place> make_place(postgres::Pool& pool, const std::string& project);

/// Makes what was made now look as if it had been there since `began`.
[[nodiscard]] Status backdate_place(postgres::Pool& pool, const Place& place, UnixMicros began);

}  // namespace mesher::demo
