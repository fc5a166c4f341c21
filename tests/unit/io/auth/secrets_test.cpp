#include <gtest/gtest.h>
#include <sodium.h>

#include <set>

#include "io/auth/password.hpp"
#include "io/auth/rights.hpp"
#include "io/auth/seal.hpp"
#include "io/auth/token.hpp"

namespace mesher::auth {
namespace {

TEST(ORG_06_passwords, of_nobody_cost_as_much_as_anybodys) {
  // The same algorithm, version and parameters; another salt and hash, and nothing matches.
  const auto parameters = [](const std::string& hash) { return hash.substr(0, hash.find('$', hash.find("p="))); };
  EXPECT_EQ(parameters(nobodys_hash()), parameters(hash_password("correct horse")));
  EXPECT_FALSE(password_matches(nobodys_hash(), ""));
  EXPECT_FALSE(password_matches(nobodys_hash(), "correct horse"));
  // It is well-formed: a malformed one would be refused at once.
  EXPECT_EQ(crypto_pwhash_str_needs_rehash(nobodys_hash().c_str(), crypto_pwhash_OPSLIMIT_MODERATE,
                                           crypto_pwhash_MEMLIMIT_INTERACTIVE),
            0);
}

TEST(ORG_06_secrets, tell_their_kind_and_never_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    for (const auto& secret : {new_token_secret(), new_session_secret(), new_invitation_secret()}) {
      EXPECT_TRUE(seen.insert(secret).second);
    }
  }
  EXPECT_TRUE(is_session_secret(new_session_secret()));
  EXPECT_FALSE(is_session_secret(new_token_secret()));
  EXPECT_FALSE(is_session_secret(new_invitation_secret()));
}

TEST(ORG_05_seal, opens_with_its_secret_only) {
  const auto sealed = seal("shown once", "credential");
  EXPECT_EQ(sealed.find("shown"), std::string::npos);
  EXPECT_EQ(unseal(sealed, "credential"), "shown once");
  EXPECT_NE(seal("shown once", "credential"), sealed);
  EXPECT_EQ(unseal(sealed, "other"), std::nullopt);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(unseal(changed, "credential"), std::nullopt) << i;
    EXPECT_EQ(unseal(std::string_view(sealed).substr(0, i), "credential"), std::nullopt) << i;
  }
}

TEST(ORG_04_rights, changes_never_take_less_than_the_scope_write) {
  for (const auto& right : all_rights()) {
    const bool reads = right.name.starts_with("read_") || right.realm == Realm::open;
    EXPECT_TRUE(reads || right.scope >= Scope::write) << right.name;
    EXPECT_FALSE(right.meaning.empty()) << right.name;
  }
}

}  // namespace
}  // namespace mesher::auth
