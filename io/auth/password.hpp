#pragma once

#include <string>
#include <string_view>

/// Passwords are kept as argon2id hashes in libsodium's string form. Hashing and checking take about 0.2 s and 64 MiB
/// each: never on a thread that serves others, and few at a time.
namespace mesher::auth {

constexpr std::size_t kShortestPassword = 8;
constexpr std::size_t kLongestPassword = 1024;

[[nodiscard]] std::string hash_password(const std::string& password);
[[nodiscard]] bool password_matches(const std::string& hash, const std::string& password);

/// A hash with the parameters of hash_password() that no password matches: checked in place of the hash of an account
/// that does not exist, so that the time to the answer tells nothing.
[[nodiscard]] const std::string& nobodys_hash();

}  // namespace mesher::auth
