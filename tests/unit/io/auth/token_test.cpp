#include "io/auth/token.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mesher::auth {
namespace {

TEST(ORG_05_token, secrets_are_long_and_never_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto secret = new_token_secret();
    EXPECT_EQ(secret.size(), 7U + 43U);
    EXPECT_EQ(secret.rfind("mesher_", 0), 0U);
    EXPECT_TRUE(seen.insert(secret).second);
  }
}

TEST(ORG_05_token, hash_is_blake2b_256) {
  // b2sum -l 256 of "abc"
  const TokenHash expected{0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72, 0x31, 0x71, 0xef,
                           0x3f, 0xee, 0x98, 0x57, 0x9b, 0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb,
                           0x3e, 0x42, 0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
  EXPECT_EQ(hash_token("abc"), expected);
  EXPECT_TRUE(same_hash(hash_token("abc"), expected));
  EXPECT_FALSE(same_hash(hash_token("abd"), expected));
}

TEST(ORG_05_token, is_found_in_an_authorization_header) {
  EXPECT_EQ(bearer_secret("Bearer mesher_x"), "mesher_x");
  EXPECT_EQ(bearer_secret("bEaReR   mesher_x "), "mesher_x");
  EXPECT_EQ(bearer_secret("Basic bWVzaGVy"), "");
  EXPECT_EQ(bearer_secret("Bearer"), "");
  EXPECT_EQ(bearer_secret("Bearer "), "");
  EXPECT_EQ(bearer_secret(""), "");
}

}  // namespace
}  // namespace mesher::auth
