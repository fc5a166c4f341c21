#pragma once

#include <optional>

#include "io/api/body.hpp"
#include "io/postgres/organizations.hpp"

/// What members, teams and invitations have in common. Not for use outside io/api.
namespace mesher::api {

[[nodiscard]] Json member_json(const postgres::MemberRow& member);

/// The member `role` of a body.
[[nodiscard]] std::optional<auth::Role> read_role(Body& body);

/// False if `role` is above the caller's own in the organisation: then the call has failed. Nobody gives or takes a
/// role above their own.
[[nodiscard]] bool within_own_role(Call& call, std::uint32_t organization_id, auth::Role role);

}  // namespace mesher::api
