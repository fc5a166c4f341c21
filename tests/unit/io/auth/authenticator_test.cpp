#include "io/auth/authenticator.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mesher::auth {
namespace {

using namespace std::chrono_literals;

class Tokens final : public TokenStore {
 public:
  Result<std::optional<TokenRecord>> find_token(const TokenHash& hash) override {
    ++asked;
    if (away) return Error{ErrorCode::unavailable, "database is away", ""};
    const auto at = records.find(hash);
    if (at == records.end()) return std::optional<TokenRecord>();
    return std::optional<TokenRecord>(at->second);
  }
  Result<std::optional<TokenRecord>> find_session(const TokenHash& hash) override { return find_token(hash); }
  Status touch_session(std::int64_t session_id, UnixMicros used_at) override {
    touched.push_back(used_at);
    for (auto& [hash, record] : records) {
      if (record.principal.session_id == session_id) record.last_used_at = used_at;
    }
    return {};
  }
  Status touch_token(std::uint32_t token_id, UnixMicros used_at) override {
    touched.push_back(used_at);
    for (auto& [hash, record] : records) {
      if (record.principal.token_id == token_id) record.last_used_at = used_at;
    }
    return {};
  }
  void add(std::string_view secret, std::optional<UnixMicros> expires_at = {}) {
    TokenRecord record;
    record.hash = hash_token(secret);
    record.principal.user_id = 7;
    record.principal.token_id = 3;
    record.principal.organizations[1] = Role::member;
    record.principal.scope = Scope::read;
    record.expires_at = expires_at;
    records[record.hash] = record;
  }

  std::string add_session(UnixMicros now, UnixMicros expires_at) {
    auto secret = new_session_secret();
    TokenRecord record;
    record.hash = hash_token(secret);
    record.principal.user_id = 7;
    record.principal.session_id = 9;
    record.principal.scope = Scope::admin;
    record.last_used_at = now;
    record.expires_at = expires_at;
    records[record.hash] = record;
    return secret;
  }

  std::map<TokenHash, TokenRecord> records;
  std::vector<UnixMicros> touched;
  int asked = 0;
  bool away = false;
};

TEST(ORG_05_authenticator, knows_its_tokens_and_no_others) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  auto principal = authenticator.authenticate("secret");
  ASSERT_TRUE(principal);
  EXPECT_EQ((*principal)->user_id, 7U);
  auto unknown = authenticator.authenticate("Secret");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::denied);
}

TEST(ORG_05_authenticator, a_revoked_token_is_refused_within_a_second) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  ASSERT_TRUE(authenticator.authenticate("secret"));
  tokens.records.clear();
  clock.advance(999ms);
  EXPECT_FALSE(authenticator.authenticate("secret"));
}

TEST(ORG_05_authenticator, asks_the_store_once_for_many_requests) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(authenticator.authenticate("secret"));
  EXPECT_EQ(tokens.asked, 1);
  clock.advance(Authenticator::kTrust);
  ASSERT_TRUE(authenticator.authenticate("secret"));
  EXPECT_EQ(tokens.asked, 2);
}

TEST(ORG_05_authenticator, a_token_ends_when_it_expires_even_if_remembered) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret", clock.now() + 100'000);
  ASSERT_TRUE(authenticator.authenticate("secret"));
  clock.advance(100ms);
  auto late = authenticator.authenticate("secret");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::denied);
}

TEST(ORG_05_authenticator, records_the_last_use_at_most_once_a_minute) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  for (int second = 0; second < 150; ++second) {
    ASSERT_TRUE(authenticator.authenticate("secret"));
    authenticator.record_uses();
    clock.advance(1s);
  }
  EXPECT_EQ(tokens.touched.size(), 3U);
}

TEST(ORG_05_authenticator, the_last_use_is_told_after_the_answer_and_not_before) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  ASSERT_TRUE(authenticator.authenticate("secret"));
  EXPECT_TRUE(tokens.touched.empty());
  authenticator.record_uses();
  EXPECT_EQ(tokens.touched.size(), 1U);
  authenticator.record_uses();
  EXPECT_EQ(tokens.touched.size(), 1U);
}

TEST(ORG_05_authenticator, a_change_on_this_node_takes_effect_at_once) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  ASSERT_TRUE(authenticator.authenticate("secret"));
  tokens.records.clear();
  authenticator.forget();
  EXPECT_FALSE(authenticator.authenticate("secret"));
}

TEST(ORG_06_sessions, end_when_they_are_not_used_for_long) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock, 1h);
  const auto secret = tokens.add_session(clock.now(), clock.now() + std::chrono::microseconds(100h).count());
  for (int i = 0; i < 5; ++i) {
    clock.advance(59min);
    ASSERT_TRUE(authenticator.authenticate(secret)) << i;
    authenticator.record_uses();
  }
  clock.advance(61min);
  EXPECT_FALSE(authenticator.authenticate(secret));
}

TEST(ORG_06_sessions, end_after_their_time_however_much_they_are_used) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock, 1h);
  const auto secret = tokens.add_session(clock.now(), clock.now() + std::chrono::microseconds(2h).count());
  for (int i = 0; i < 3; ++i) {
    clock.advance(39min);
    ASSERT_TRUE(authenticator.authenticate(secret)) << i;
    authenticator.record_uses();
  }
  clock.advance(3min);
  EXPECT_FALSE(authenticator.authenticate(secret));
}

TEST(ORG_06_sessions, have_a_csrf_token_of_their_own_and_tokens_have_none) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  const auto far = clock.now() + std::chrono::microseconds(1h).count();
  const auto one = tokens.add_session(clock.now(), far);
  const auto two = tokens.add_session(clock.now(), far);
  const auto first = (*authenticator.authenticate(one))->csrf_token;
  const auto second = (*authenticator.authenticate(two))->csrf_token;
  EXPECT_EQ(first, csrf_token_of(one));
  EXPECT_EQ(first.size(), 43U);
  EXPECT_NE(first, second);
  EXPECT_EQ(one.find(first), std::string::npos);
  tokens.add("secret");
  EXPECT_EQ((*authenticator.authenticate("secret"))->csrf_token, "");
}

TEST(ORG_05_authenticator, a_store_that_is_away_is_not_a_refusal) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  tokens.add("secret");
  tokens.away = true;
  auto answer = authenticator.authenticate("secret");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
}

TEST(ORG_05_authenticator, remembers_a_bounded_number_of_tokens) {
  Tokens tokens;
  ManualClock clock;
  Authenticator authenticator(tokens, clock);
  for (std::size_t i = 0; i < 3 * Authenticator::kRemembered; ++i) tokens.add("secret " + std::to_string(i));
  for (std::size_t i = 0; i < 3 * Authenticator::kRemembered; ++i) {
    ASSERT_TRUE(authenticator.authenticate("secret " + std::to_string(i)));
  }
  tokens.asked = 0;
  ASSERT_TRUE(authenticator.authenticate("secret 0"));
  EXPECT_EQ(tokens.asked, 1);
}

TEST(ORG_05_principal, scopes_include_the_lower_ones) {
  Principal principal;
  EXPECT_FALSE(principal.allows(Scope::read));
  principal.scope = scope_from({"write"});
  EXPECT_TRUE(principal.allows(Scope::read));
  EXPECT_TRUE(principal.allows(Scope::write));
  EXPECT_FALSE(principal.allows(Scope::admin));
  EXPECT_EQ(scope_from({}), Scope::admin);
  EXPECT_EQ(scope_from({"nonsense"}), std::nullopt);
  EXPECT_EQ(scope_from({"read", "admin", "write"}), Scope::admin);
}

TEST(ORG_01_principal, an_instance_owner_sees_only_organisations_of_their_own) {
  Principal principal;
  principal.instance_owner = true;
  principal.organizations[2] = Role::owner;
  EXPECT_TRUE(principal.may_see(2));
  EXPECT_FALSE(principal.may_see(1));
}

}  // namespace
}  // namespace mesher::auth
