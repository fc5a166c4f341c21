#include "io/notify/signature.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace mesher::notify {
namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string hex_of(std::string_view text) {
  std::string hex;
  hex.reserve(text.size() * 2);
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string digest_of(std::string_view text) {
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes(text), text.size(), nullptr, 0);
  return hex_of({reinterpret_cast<const char*>(hash.data()), hash.size()});
}

std::string signature(std::string_view body, std::string_view secret, std::int64_t unix_seconds) {
  const auto prefix = fmt::format("{}.", unix_seconds);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes(secret), secret.size());
  crypto_auth_hmacsha256_update(&state, bytes(prefix), prefix.size());
  crypto_auth_hmacsha256_update(&state, bytes(body), body.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_final(&state, mac.data());
  return fmt::format("t={},v1={}", unix_seconds, hex_of({reinterpret_cast<const char*>(mac.data()), mac.size()}));
}

}  // namespace mesher::notify
