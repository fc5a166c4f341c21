#include "io/auth/password.hpp"

#include <sodium.h>

#include <array>

#include "graph/base/assert.hpp"

namespace mesher::auth {
namespace {

void ready() {
  static const bool initialised = sodium_init() >= 0;
  MESHER_ASSERT(initialised);
}

}  // namespace

std::string hash_password(const std::string& password) {
  ready();
  // libsodium's "moderate" number of passes, but a quarter of its memory: 256 MiB for one sign-in is more than a small
  // machine has to spare.
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  const int failed =
      crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_MODERATE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  MESHER_ASSERT(failed == 0);  // only without 64 MiB of memory
  return hash.data();
}

bool password_matches(const std::string& hash, const std::string& password) {
  ready();
  return hash.size() < crypto_pwhash_STRBYTES &&
         crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

const std::string& nobodys_hash() {
  // Salt and hash of zeros: finding a password for it is as hard as breaking BLAKE2b. A test compares the parameters.
  static const std::string kHash =
      "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  return kHash;
}

}  // namespace mesher::auth
