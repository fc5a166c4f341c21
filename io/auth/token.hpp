#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Secrets of API tokens, sessions and invitations. A secret is shown once; the database keeps its hash only. What
/// kind a secret is shows in its first letters, so that none passes for another.
namespace mesher::auth {

/// BLAKE2b-256 of a secret. Secrets are 256 random bits, so a fast unsalted hash is enough: there is nothing to guess.
using TokenHash = std::array<std::uint8_t, 32>;

/// A fresh secret, "mesher_" and 43 characters of unpadded base64url. Any thread.
[[nodiscard]] std::string new_token_secret();

/// "msession_" and 43 characters: the value of a session's cookie.
[[nodiscard]] std::string new_session_secret();
[[nodiscard]] bool is_session_secret(std::string_view secret);

/// "minvite_" and 43 characters: the last part of an invitation's link.
[[nodiscard]] std::string new_invitation_secret();

/// What changes must bring along in X-CSRF-Token when a session's cookie vouches for them. A hash of the cookie's
/// value, so that a page of ours can know it, and no other page can.
[[nodiscard]] std::string csrf_token_of(std::string_view session_secret);

/// Equality that takes the same time wherever two texts of the same length differ.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b);

[[nodiscard]] TokenHash hash_token(std::string_view secret);

/// Takes the same time wherever the two differ.
[[nodiscard]] bool same_hash(const TokenHash& a, const TokenHash& b);

/// The secret in an `Authorization` header's value ("Bearer …", scheme in any case); empty if it holds none. The view
/// points into `header`.
[[nodiscard]] std::string_view bearer_secret(std::string_view header);

}  // namespace mesher::auth
