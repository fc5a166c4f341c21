#include "io/auth/seal.hpp"

#include <sodium.h>

#include <array>

#include "graph/base/assert.hpp"

namespace mesher::auth {
namespace {

constexpr std::size_t kNonce = crypto_secretbox_NONCEBYTES;
constexpr std::size_t kMac = crypto_secretbox_MACBYTES;

using Key = std::array<unsigned char, crypto_secretbox_KEYBYTES>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

Key key_of(std::string_view secret) {
  static const bool initialised = sodium_init() >= 0;
  MESHER_ASSERT(initialised);
  constexpr std::string_view kPurpose = "mesher sealed answer";
  Key key{};
  crypto_generichash(key.data(), key.size(), bytes(secret), secret.size(), bytes(kPurpose), kPurpose.size());
  return key;
}

}  // namespace

std::string seal(std::string_view text, std::string_view secret) {
  const auto key = key_of(secret);
  std::string sealed(kNonce + kMac + text.size(), '\0');
  randombytes_buf(sealed.data(), kNonce);
  crypto_secretbox_easy(bytes(sealed) + kNonce, bytes(text), text.size(), bytes(sealed), key.data());
  return sealed;
}

std::optional<std::string> unseal(std::string_view sealed, std::string_view secret) {
  if (sealed.size() < kNonce + kMac) return std::nullopt;
  const auto key = key_of(secret);
  std::string text(sealed.size() - kNonce - kMac, '\0');
  const auto boxed = sealed.substr(kNonce);
  if (crypto_secretbox_open_easy(bytes(text), bytes(boxed), boxed.size(), bytes(sealed), key.data()) != 0) {
    return std::nullopt;
  }
  return text;
}

}  // namespace mesher::auth
