#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/auth/principal.hpp"
#include "io/auth/token.hpp"
#include "io/postgres/accounts.hpp"
#include "io/postgres/audit.hpp"

/// Invitations into an organisation, by a link that works once. Calls block; any thread. Errors: unavailable, internal,
/// and what is said at the function.
namespace mesher::postgres {

struct InvitationRow {
  std::uint32_t id = 0, organization_id = 0;
  std::string organization_name;
  std::string email;  ///< empty: whoever has the link
  auth::Role role = auth::Role::member;
  std::string invited_by;  ///< e-mail address; empty if the account is gone
  UnixMicros created_at = 0, expires_at = 0;
  std::optional<UnixMicros> accepted_at;
};

struct NewInvitation {
  std::uint32_t organization_id = 0;
  std::string email;
  auth::Role role = auth::Role::member;
  auth::TokenHash hash{};
  UnixMicros now = 0, expires_at = 0;
};
/// Error: conflict (hint "email": a member already).
[[nodiscard]] Result<InvitationRow> create_invitation(Pool& pool, const NewInvitation& invitation, const Actor& actor);

/// By id; also those that were accepted or have expired.
[[nodiscard]] Result<std::vector<InvitationRow>> list_invitations(Pool& pool, std::uint32_t organization_id,
                                                                  std::uint32_t after, std::uint32_t limit);

/// False: the organisation has no such invitation, or it was accepted.
[[nodiscard]] Result<bool> revoke_invitation(Pool& pool, std::uint32_t organization_id, std::uint32_t id,
                                             const Actor& actor);

/// Nothing: no such invitation, or it was accepted, or has expired.
[[nodiscard]] Result<std::optional<InvitationRow>> find_invitation(Pool& pool, const auth::TokenHash& hash,
                                                                   UnixMicros now);

/// Who accepts: an account that there is, or one that is to be made.
struct Acceptance {
  auth::TokenHash hash{};
  UnixMicros now = 0;
  std::uint32_t user_id = 0;               ///< 0: make one
  std::string email, name, password_hash;  ///< of the one to be made
  std::string address;                     ///< of the network
};
/// Makes the member, and the account if need be, and uses the invitation up. Nothing: the invitation is not to be had
/// (any more). Error: conflict (hint "email": there is an account with this address; without hint: a member already).
[[nodiscard]] Result<std::optional<Account>> accept_invitation(Pool& pool, const Acceptance& acceptance);

}  // namespace mesher::postgres
