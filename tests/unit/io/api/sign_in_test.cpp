#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "fixture.hpp"
#include "io/auth/password.hpp"

namespace mesher::api {
namespace {

using namespace std::chrono_literals;

constexpr const char* kPassword = "correct horse battery";

/// Hashing takes its time: one hash serves all accounts of these tests.
const std::string& password_hash() {
  static const auto hash = auth::hash_password(kPassword);
  return hash;
}

class ORG_06_sign_in : public testing::Test {
 protected:
  explicit ORG_06_sign_in(AccessSettings access = {}) : api_(std::move(access)) {
    email_ = unique_name("ann") + "@example.com";
    user_ = db_.add_user(email_, false, password_hash());
    org_ = db_.add_org(unique_name("acme"));
    db_.add_member(org_, user_, "owner");
  }

  Answer sign_in(const std::string& email, const std::string& password, Headers headers = {}) {
    return api_.request("POST", "/api/v1/auth/login", headers,
                        TestJson{{"email", email}, {"password", password}}.dump());
  }
  Answer sign_in() { return sign_in(email_, kPassword); }

  /// "mesher_session=…", as a browser would send it back.
  static std::string cookie_of(const Answer& answer) {
    const auto at = answer.headers.find("Set-Cookie");
    return at == answer.headers.end() ? "" : at->second.substr(0, at->second.find(';'));
  }
  static Headers with(const Answer& signed_in) {
    return {{"cookie", cookie_of(signed_in)}, {"x-csrf-token", signed_in.body["csrf_token"].get<std::string>()}};
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  std::string email_;
  std::uint32_t user_ = 0, org_ = 0;
};

TEST_F(ORG_06_sign_in, gives_a_session_that_opens_what_its_user_may_see) {
  const auto answer = sign_in();
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.body["user"]["email"], email_);
  const auto cookie = answer.headers.at("Set-Cookie");
  for (const char* attribute : {"mesher_session=msession_", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age="}) {
    EXPECT_NE(cookie.find(attribute), std::string::npos) << cookie;
  }
  EXPECT_EQ(cookie.find("Secure"), std::string::npos);
  const auto me = api_.request("GET", "/api/v1/me", {{"cookie", "other=1; " + cookie_of(answer) + "; more=2"}});
  ASSERT_EQ(me.status, 200) << me.text;
  EXPECT_EQ(me.body["csrf_token"], answer.body["csrf_token"]);
  EXPECT_EQ(me.body["organizations"][0]["id"], org_);
  EXPECT_FALSE(me.body.contains("token"));
  // The address may be written in capitals.
  auto loud = email_;
  std::transform(loud.begin(), loud.end(), loud.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_EQ(sign_in(loud, kPassword).status, 200);
}

TEST_F(ORG_06_sign_in, the_cookie_is_for_tls_only_where_there_is_tls) {
  const auto answer = [&] {
    return api_.request("POST", "/api/v1/auth/login", {{"x-forwarded-proto", "https"}},
                        TestJson{{"email", email_}, {"password", kPassword}}.dump());
  };
  // Only a proxy on this machine is believed, and the test's client is elsewhere.
  EXPECT_EQ(cookie_of(answer()).rfind("mesher_session=", 0), 0U);
}

class ORG_06_sign_in_over_tls : public ORG_06_sign_in {
 protected:
  static AccessSettings secure() {
    AccessSettings access;
    access.secure = true;
    return access;
  }
  ORG_06_sign_in_over_tls() : ORG_06_sign_in(secure()) {}
};

TEST_F(ORG_06_sign_in_over_tls, sets_a_host_cookie) {
  const auto answer = sign_in();
  const auto cookie = answer.headers.at("Set-Cookie");
  EXPECT_EQ(cookie.rfind("__Host-mesher_session=msession_", 0), 0U) << cookie;
  EXPECT_NE(cookie.find("; Secure"), std::string::npos) << cookie;
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(answer)}}).status, 200);
}

TEST_F(ORG_06_sign_in, wrong_passwords_and_unknown_addresses_are_answered_alike) {
  const auto wrong = sign_in(email_, "wrong horse");
  const auto unknown = sign_in(unique_name("nobody") + "@example.com", "wrong horse");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.code(), "invalid_credentials");
  EXPECT_EQ(wrong.text, unknown.text);
  EXPECT_EQ(wrong.headers, unknown.headers);
}

TEST_F(ORG_06_sign_in, unknown_addresses_take_as_long_as_known_ones) {
  // The quickest of a few: what disturbs only ever adds. A shortcut would show as a factor of a hundred.
  const auto quickest = [&](const std::function<std::string()>& email) {
    auto best = 1h + 0ns;
    for (int i = 0; i < 3; ++i) {
      const auto address = email();
      const auto from = std::chrono::steady_clock::now();
      EXPECT_EQ(sign_in(address, "wrong horse").status, 401);
      best = std::min(best, std::chrono::nanoseconds(std::chrono::steady_clock::now() - from));
    }
    return std::chrono::duration<double>(best).count();
  };
  const double known = quickest([&] { return email_; });
  const double unknown = quickest([&] { return unique_name("nobody") + "@example.com"; });
  EXPECT_GT(unknown, known / 2);
  EXPECT_LT(unknown, known * 2);
}

TEST_F(ORG_06_sign_in, a_session_id_that_the_browser_had_before_is_worth_nothing_after) {
  // What an attacker has planted does not become the session.
  const auto planted = auth::new_session_secret();
  const auto first = sign_in(email_, kPassword, {{"cookie", "mesher_session=" + planted}});
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(cookie_of(first).find(planted), std::string::npos);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", "mesher_session=" + planted}}).status, 401);
  // Signing in again, in the same browser, ends the session before.
  const auto second = sign_in(email_, kPassword, {{"cookie", cookie_of(first)}});
  ASSERT_EQ(second.status, 200);
  EXPECT_NE(cookie_of(first), cookie_of(second));
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(first)}}).status, 401);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(second)}}).status, 200);
}

TEST_F(ORG_06_sign_in, the_database_has_no_secret_of_a_session) {
  const auto answer = sign_in();
  const auto secret = cookie_of(answer).substr(std::string("mesher_session=").size());
  const auto id = answer.body["session"]["id"].get<int>();
  const auto row = db_.sql(fmt::format("select row(s.*)::text from sessions s where id = {}", id));
  EXPECT_EQ(row.find(secret), std::string::npos);
  EXPECT_EQ(row.find(answer.body["csrf_token"].get<std::string>()), std::string::npos);
  EXPECT_NE(row.find(Company::hex(auth::hash_token(secret))), std::string::npos);
}

TEST_F(ORG_06_sign_in, changes_by_a_session_need_its_csrf_token) {
  const auto first = sign_in(), second = sign_in();
  const auto path = fmt::format("/api/v1/orgs/{}", org_);
  const auto change = [&](Headers headers) {
    headers.emplace_back("cookie", cookie_of(first));
    return api_.request("PATCH", path, headers, R"({"name":"Changed"})");
  };
  const auto csrf = first.body["csrf_token"].get<std::string>();
  for (const Headers& headers :
       {Headers{}, Headers{{"x-csrf-token", ""}}, Headers{{"x-csrf-token", "guess"}},
        Headers{{"x-csrf-token", second.body["csrf_token"].get<std::string>()}},
        Headers{{"x-csrf-token", csrf}, {"origin", "https://evil.example.com"}},
        Headers{{"x-csrf-token", csrf}, {"origin", "null"}},
        Headers{{"x-csrf-token", csrf}, {"origin", "https://errors.example.com.evil.example.com"}},
        Headers{{"x-csrf-token", csrf}, {"sec-fetch-site", "cross-site"}}}) {
    const auto answer = change(headers);
    EXPECT_EQ(answer.status, 403) << answer.text;
    EXPECT_EQ(answer.code(), "csrf_failed");
  }
  EXPECT_EQ(db_.sql(fmt::format("select name = 'Changed' from organizations where id = {}", org_)), "f");
  EXPECT_EQ(change({{"x-csrf-token", csrf}, {"origin", "https://errors.example.com"}}).status, 200);
  EXPECT_EQ(change({{"x-csrf-token", csrf}}).status, 200);
  // Reading needs none.
  EXPECT_EQ(api_.request("GET", path, {{"cookie", cookie_of(first)}}).status, 200);
}

TEST_F(ORG_06_sign_in, pages_of_other_sites_can_not_sign_their_visitors_in) {
  const auto answer = sign_in(email_, kPassword, {{"origin", "https://evil.example.com"}});
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "csrf_failed");
}

TEST_F(ORG_06_sign_in, a_session_is_no_token_and_a_token_is_no_session) {
  const auto answer = sign_in();
  const auto secret = cookie_of(answer).substr(std::string("mesher_session=").size());
  EXPECT_EQ(api_.get("/api/v1/me", secret).status, 401);
  const auto token = db_.add_token(user_);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", "mesher_session=" + token}}).status, 401);
}

TEST_F(ORG_06_sign_in, signing_out_ends_the_session) {
  const auto answer = sign_in();
  const auto cookie = cookie_of(answer);
  EXPECT_EQ(api_.request("POST", "/api/v1/auth/logout", {{"cookie", cookie}}).status, 403);
  const auto out = api_.request("POST", "/api/v1/auth/logout", with(answer));
  EXPECT_EQ(out.status, 204);
  EXPECT_EQ(cookie_of(out), "mesher_session=");
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie}}).status, 401);
  EXPECT_EQ(api_.request("POST", "/api/v1/auth/logout", {}).status, 204);
  EXPECT_EQ(api_.request("POST", "/api/v1/auth/logout", {{"cookie", cookie}}).status, 204);
}

TEST_F(ORG_06_sign_in, sessions_are_listed_and_ended_one_by_one) {
  const auto first = sign_in(email_, kPassword, {{"user-agent", "Firefox"}});
  const auto second = sign_in(email_, kPassword, {{"user-agent", "curl\xff"}});
  const auto list = api_.request("GET", "/api/v1/me/sessions", {{"cookie", cookie_of(second)}}).body["data"];
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0]["user_agent"], "Firefox");
  EXPECT_EQ(list[0]["address"], "192.0.2.1");
  EXPECT_EQ(list[0]["is_current"], false);
  EXPECT_EQ(list[1]["user_agent"], "");
  EXPECT_EQ(list[1]["is_current"], true);
  const auto path = "/api/v1/me/sessions/" + std::to_string(list[0]["id"].get<int>());
  EXPECT_EQ(api_.request("DELETE", path, with(second)).status, 204);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(first)}}).status, 401);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(second)}}).status, 200);
  EXPECT_EQ(api_.request("DELETE", path, with(second)).status, 404);
}

TEST_F(ORG_06_sign_in, a_session_ends_when_it_is_idle_and_after_its_lifetime) {
  const auto idle = sign_in();
  api_.clock.advance(13 * 24h);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(idle)}}).status, 200);
  api_.settle();
  api_.clock.advance(13 * 24h);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(idle)}}).status, 200);
  api_.settle();
  api_.clock.advance(14 * 24h + 1min);
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(idle)}}).status, 401);
  const auto old = sign_in();
  for (int day = 0; day < 90; day += 10) {
    EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(old)}}).status, 200) << day;
    api_.settle();
    api_.clock.advance(10 * 24h);
  }
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(old)}}).status, 401);
}

TEST_F(ORG_06_sign_in, a_new_password_needs_the_old_one_and_ends_the_other_sessions) {
  const auto here = sign_in(), elsewhere = sign_in();
  const auto change = [&](const TestJson& body) {
    return api_.request("PATCH", "/api/v1/me", with(here), body.dump());
  };
  EXPECT_EQ(change({{"password", "new horse battery"}}).field(), "old_password");
  EXPECT_EQ(change({{"old_password", kPassword}}).field(), "password");
  EXPECT_EQ(change({{"password", "short"}, {"old_password", kPassword}}).field(), "password");
  EXPECT_EQ(change({{"password", "new horse battery"}, {"old_password", "wrong"}}).code(), "invalid_credentials");
  const auto done = change({{"password", "new horse battery"}, {"old_password", kPassword}, {"name", "Ann"}});
  ASSERT_EQ(done.status, 200) << done.text;
  EXPECT_EQ(done.body["user"]["name"], "Ann");
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(here)}}).body["user"]["name"], "Ann");
  EXPECT_EQ(api_.request("GET", "/api/v1/me", {{"cookie", cookie_of(elsewhere)}}).status, 401);
  EXPECT_EQ(sign_in().status, 401);
  EXPECT_EQ(sign_in(email_, "new horse battery").status, 200);
}

TEST_F(ORG_06_sign_in, sign_ins_and_new_passwords_are_in_the_audit_log_of_the_organisation) {
  const auto answer = sign_in();
  const auto change = TestJson{{"password", "new horse battery"}, {"old_password", kPassword}}.dump();
  ASSERT_EQ(api_.request("PATCH", "/api/v1/me", with(answer), change).status, 200);
  const auto log = api_.get(fmt::format("/api/v1/orgs/{}/audit-log", org_), db_.add_token(user_)).body["data"];
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0]["action"], "account.password");
  EXPECT_EQ(log[1]["action"], "account.sign_in");
  EXPECT_EQ(log[1]["actor"]["name"], email_);
  EXPECT_EQ(log[1]["address"], "192.0.2.1");
}

class ORG_06_throttle : public ORG_06_sign_in {
 protected:
  static AccessSettings strict() {
    AccessSettings access;
    access.sign_ins_per_account = 3;
    access.sign_ins_per_address = 5;
    return access;
  }
  ORG_06_throttle() : ORG_06_sign_in(strict()) {}
};

TEST_F(ORG_06_throttle, failed_attempts_on_an_account_are_refused_after_a_few_also_with_the_right_password) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sign_in(email_, "wrong horse").status, 401);
  const auto refused = sign_in();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  const auto wait = std::stoi(refused.headers.at("Retry-After"));
  EXPECT_GT(wait, 240);  // less what the attempts took
  EXPECT_LE(wait, 300);
  // A quarter of an hour for three: one comes back every five minutes.
  api_.clock.advance(301s);
  EXPECT_EQ(sign_in().status, 200);
  // Success makes the account whole.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sign_in(email_, "wrong horse").status, 401);
}

TEST_F(ORG_06_throttle, addresses_that_try_many_accounts_are_refused_and_others_are_not) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sign_in(unique_name("nobody") + "@example.com", "wrong horse").status, 401);
  EXPECT_EQ(sign_in().status, 429);
  api_.clock.advance(15min);
  EXPECT_EQ(sign_in().status, 200);
}

TEST_F(ORG_06_throttle, success_does_not_count) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sign_in().status, 200);
}

TEST_F(ORG_06_throttle, guessing_the_old_password_counts_as_signing_in) {
  const auto here = sign_in();
  const auto guess = TestJson{{"password", "new horse battery"}, {"old_password", "guess"}}.dump();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(api_.request("PATCH", "/api/v1/me", with(here), guess).status, 401);
  EXPECT_EQ(api_.request("PATCH", "/api/v1/me", with(here), guess).status, 429);
}

}  // namespace
}  // namespace mesher::api
