#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// Secrets of API tokens. A secret is shown once; the database keeps its hash only.
namespace mesher::auth {

/// BLAKE2b-256 of a secret. Secrets are 256 random bits, so a fast unsalted hash is enough: there is nothing to guess.
using TokenHash = std::array<std::uint8_t, 32>;

/// A fresh secret, "mesher_" and 43 characters of unpadded base64url. Any thread.
[[nodiscard]] std::string new_token_secret();

[[nodiscard]] TokenHash hash_token(std::string_view secret);

/// Takes the same time wherever the two differ.
[[nodiscard]] bool same_hash(const TokenHash& a, const TokenHash& b);

/// The secret in an `Authorization` header's value ("Bearer …", scheme in any case); empty if it holds none. The view
/// points into `header`.
[[nodiscard]] std::string_view bearer_secret(std::string_view header);

}  // namespace mesher::auth
