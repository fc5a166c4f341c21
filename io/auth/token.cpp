#include "io/auth/token.hpp"

#include <sodium.h>

#include "graph/base/assert.hpp"

namespace mesher::auth {
namespace {

void ready() {
  static const bool initialised = sodium_init() >= 0;
  MESHER_ASSERT(initialised);
}

using Bytes32 = std::array<unsigned char, 32>;

constexpr std::string_view kSession = "msession_";

std::string base64url(const Bytes32& bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kVariant);
  text.pop_back();  // the terminating NUL
  return text;
}

std::string fresh(std::string_view kind) {
  ready();
  Bytes32 random{};
  randombytes_buf(random.data(), random.size());
  return std::string(kind) + base64url(random);
}

}  // namespace

std::string new_token_secret() {
  return fresh("mesher_");
}

std::string new_session_secret() {
  return fresh(kSession);
}

bool is_session_secret(std::string_view secret) {
  return secret.starts_with(kSession);
}

std::string new_invitation_secret() {
  return fresh("minvite_");
}

std::string csrf_token_of(std::string_view session_secret) {
  ready();
  // Another hash than the stored one: who reads the database can make neither of the other.
  constexpr std::string_view kKey = "mesher csrf token";
  Bytes32 hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(session_secret.data()),
                     session_secret.size(), reinterpret_cast<const unsigned char*>(kKey.data()), kKey.size());
  return base64url(hash);
}

bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

TokenHash hash_token(std::string_view secret) {
  ready();
  TokenHash hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
                     nullptr, 0);
  return hash;
}

bool same_hash(const TokenHash& a, const TokenHash& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view bearer_secret(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  if (header.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = header[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kScheme[i]) return {};
  }
  header.remove_prefix(kScheme.size());
  while (!header.empty() && header.front() == ' ') header.remove_prefix(1);
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  return header;
}

}  // namespace mesher::auth
