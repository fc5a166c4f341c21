#include <gtest/gtest.h>

#include "fixture.hpp"
#include "io/api/times.hpp"
#include "io/auth/password.hpp"
#include "io/postgres/sweep.hpp"

namespace mesher::api {
namespace {

class People : public testing::Test {
 protected:
  People() {
    for (const auto user : company_.users) tokens_.push_back(db_.add_token(user));
    org_ = fmt::format("/api/v1/orgs/{}", company_.org);
    project_ = fmt::format("/api/v1/projects/{}", company_.project);
  }
  const std::string& member() const { return tokens_[0]; }
  const std::string& admin() const { return tokens_[1]; }
  const std::string& owner() const { return tokens_[2]; }

  Answer post(const std::string& path, const std::string& token, const TestJson& body) {
    return api_.send("POST", path, token, body.dump());
  }
  Answer patch(const std::string& path, const std::string& token, const TestJson& body, Headers headers = {}) {
    headers.emplace_back("authorization", "Bearer " + token);
    return api_.request("PATCH", path, headers, body.dump());
  }
  TestJson audit(const std::string& query = "") { return api_.get(org_ + "/audit-log" + query, owner()).body["data"]; }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  Company company_{api_};
  std::vector<std::string> tokens_;
  std::string org_, project_;
};

using ORG_01_organizations = People;

TEST_F(ORG_01_organizations, are_created_by_instance_owners_who_become_their_owners) {
  const auto token = db_.add_token(company_.stranger);
  const auto name = unique_name("Big Company");
  const auto made = post("/api/v1/orgs", token, {{"name", name}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["role"], "owner");
  EXPECT_EQ(made.body["slug"].get<std::string>().rfind("big-company-", 0), 0U);
  const auto path = fmt::format("/api/v1/orgs/{}", made.body["id"].get<int>());
  EXPECT_EQ(api_.get(path, token).body, made.body);
  EXPECT_EQ(api_.get(path, owner()).status, 404);
  const auto again = post("/api/v1/orgs", token, {{"name", name}});
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.field(), "slug");
  EXPECT_EQ(post("/api/v1/orgs", owner(), {{"name", "x"}}).status, 403);
}

TEST_F(ORG_01_organizations, can_be_renamed_and_deleted) {
  const auto slug = unique_name("renamed");
  const auto renamed = patch(org_, admin(), {{"name", "Renamed; drop table users --"}, {"slug", slug}});
  ASSERT_EQ(renamed.status, 200) << renamed.text;
  EXPECT_EQ(renamed.body["name"], "Renamed; drop table users --");
  EXPECT_EQ(api_.send("DELETE", org_, admin()).status, 403);
  EXPECT_EQ(api_.send("DELETE", org_, owner()).status, 204);
  EXPECT_EQ(api_.get(org_, owner()).status, 404);
  EXPECT_EQ(api_.get(project_, owner()).status, 404);
  EXPECT_EQ(db_.sql(fmt::format("select count(*) from deleted_projects where project_id = {}", company_.project)), "1");
  EXPECT_EQ(db_.sql(fmt::format("select count(*) from project_keys where project_id = {}", company_.project)), "0");
}

using ORG_02_changes = People;

TEST_F(ORG_02_changes, are_created_with_a_key_and_settings) {
  const auto made = post(org_ + "/projects", admin(),
                         {{"name", "Web Shop"}, {"platform", "python"}, {"settings", {{"sample_rate", 0.5}}}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["slug"], "web-shop");
  EXPECT_EQ(made.body["settings"]["sample_rate"], 0.5);
  EXPECT_EQ(made.body["settings"]["retention_days"], 90);
  const auto path = fmt::format("/api/v1/projects/{}", made.body["id"].get<int>());
  const auto keys = api_.get(path + "/keys", member()).body["data"];
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0]["dsn"], fmt::format("https://{}@errors.example.com/{}", keys[0]["public_key"].get<std::string>(),
                                        made.body["id"].get<int>()));
  EXPECT_EQ(post(org_ + "/projects", admin(), {{"name", "web shop"}}).field(), "slug");
  EXPECT_EQ(post(org_ + "/projects", admin(), {{"platform", "python"}}).field(), "name");
  EXPECT_EQ(post(org_ + "/projects", member(), {{"name", "x"}}).status, 403);
}

TEST_F(ORG_02_changes, settings_are_changed_one_by_one_and_put_back_by_null) {
  const auto first = patch(project_, admin(), {{"settings", {{"filters", {{"web_crawlers", true}}}}}});
  ASSERT_EQ(first.status, 200) << first.text;
  const auto second =
      patch(project_, admin(), {{"settings", {{"filters", {{"messages", {"a*", "b"}}}}, {"retention_days", 7}}}});
  EXPECT_EQ(second.body["settings"]["filters"]["web_crawlers"], true);
  EXPECT_EQ(second.body["settings"]["filters"]["messages"], (TestJson{"a*", "b"}));
  EXPECT_EQ(second.body["settings"]["retention_days"], 7);
  const auto third = patch(project_, admin(), {{"settings", {{"filters", nullptr}, {"retention_days", nullptr}}}});
  EXPECT_EQ(third.body["settings"]["filters"]["web_crawlers"], false);
  EXPECT_EQ(third.body["settings"]["retention_days"], 90);
  EXPECT_EQ(api_.get(project_, member()).body, third.body);
}

TEST_F(ORG_02_changes, every_wrong_setting_is_named) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {R"({"settings":{"sample_rate":1.5}})", "settings.sample_rate"},
      {R"({"settings":{"sample_rate":"1"}})", "settings.sample_rate"},
      {R"({"settings":{"sample_rate":-0.1}})", "settings.sample_rate"},
      {R"({"settings":{"rate_limit_per_minute":-1}})", "settings.rate_limit_per_minute"},
      {R"({"settings":{"rate_limit_per_minute":1.5}})", "settings.rate_limit_per_minute"},
      {R"({"settings":{"rate_limit_per_minute":99999999999999999999}})", "settings.rate_limit_per_minute"},
      {R"({"settings":{"retention_days":0}})", "settings.retention_days"},
      {R"({"settings":{"filters":[]}})", "settings.filters"},
      {R"({"settings":{"filters":{"localhost":1}}})", "settings.filters.localhost"},
      {R"({"settings":{"filters":{"messages":"x"}}})", "settings.filters.messages"},
      {R"({"settings":{"filters":{"messages":[""]}}})", "settings.filters.messages[0]"},
      {R"({"settings":{"filters":{"messages":["a","\u0000"]}}})", "settings.filters.messages[1]"},
      {R"({"settings":{"filters":{"ip_addresses":["10.0.0.0/8","10.0.0.0/33"]}}})", "settings.filters.ip_addresses[1]"},
      {R"({"settings":{"filters":{"ip_addresses":["localhost"]}}})", "settings.filters.ip_addresses[0]"},
      {R"({"settings":{"scrub":{"enabled":"yes"}}})", "settings.scrub.enabled"},
      {R"({"settings":{"allowed_origins":["a b"]}})", "settings.allowed_origins[0]"},
      {R"({"settings":5})", "settings"},
      {R"({"settings":{"samplerate":1}})", "settings.samplerate"},
      {R"({"settings":{"filters":{"web_crawler":true}}})", "settings.filters.web_crawler"},
      {R"({"name":""})", "name"},
      {R"({"name":"   "})", "name"},
      {R"({"name":null})", "name"},
      {R"({"name":"a\u0007"})", "name"},
      {R"({"slug":"Not A Slug"})", "slug"},
      {R"({"nmae":"x"})", "nmae"}};
  for (const auto& [body, field] : cases) {
    const auto answer = api_.send("PATCH", project_, admin(), body);
    EXPECT_EQ(answer.status, 400) << body << answer.text;
    EXPECT_EQ(answer.code(), "invalid_body") << body;
    EXPECT_EQ(answer.field(), field) << body;
  }
  const auto typo = api_.send("PATCH", project_, admin(), R"({"settings":{"samplerate":1}})");
  EXPECT_NE(typo.text.find("did you mean `sample_rate`?"), std::string::npos) << typo.text;
  EXPECT_EQ(audit("?action=project.update").size(), 0U);
}

TEST_F(ORG_02_changes, bodies_that_are_no_object_are_refused) {
  for (const std::string& body : {std::string("["), std::string("[]"), std::string("null"), std::string("\"x\""),
                                  std::string("{\"name\":\"\xff\"}"), std::string(R"({"name":"x"} y)"),
                                  std::string(200'000, '['), std::string("\0", 1)}) {
    const auto answer = api_.send("PATCH", project_, admin(), body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 40);
    EXPECT_EQ(answer.code(), "invalid_body");
  }
  const auto large = api_.send("PATCH", project_, admin(), R"({"name":")" + std::string(1 << 20, 'x') + "\"}");
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.code(), "too_large");
}

TEST_F(ORG_02_changes, a_change_of_what_has_changed_meanwhile_is_refused_with_if_match) {
  const auto read = api_.get(project_, admin());
  const auto tag = read.headers.at("ETag");
  EXPECT_EQ(api_.request("GET", project_, {{"authorization", "Bearer " + admin()}, {"if-none-match", tag}}).status,
            304);
  const auto mine = patch(project_, admin(), {{"name", "Mine"}}, {{"if-match", tag}});
  ASSERT_EQ(mine.status, 200) << mine.text;
  EXPECT_NE(mine.headers.at("ETag"), tag);
  const auto theirs = patch(project_, owner(), {{"name", "Theirs"}}, {{"if-match", tag}});
  EXPECT_EQ(theirs.status, 412);
  EXPECT_EQ(theirs.code(), "precondition_failed");
  EXPECT_EQ(api_.get(project_, owner()).body["name"], "Mine");
  EXPECT_EQ(patch(project_, owner(), {{"name", "Theirs"}}, {{"if-match", mine.headers.at("ETag")}}).status, 200);
}

TEST_F(ORG_02_changes, that_are_deleted_leave_nothing_behind) {
  company_.with_event();
  auto lease = db_.pool().acquire();
  ASSERT_TRUE(lease);
  const auto count = [&] {
    std::uint64_t rows = 0;
    const auto tables = postgres::tables_of_projects(**lease);
    for (const auto& table : *tables) {
      const auto found = (*lease)->query("select count(*) from " + table + " where project_id = $1::integer",
                                         postgres::Params().integer(company_.project));
      rows += static_cast<std::uint64_t>(found->integer(0, 0));
    }
    return rows;
  };
  EXPECT_GE(count(), 5U);
  {
    const auto gone = std::move(*lease);  // the API needs the one connection
  }
  ASSERT_EQ(api_.send("DELETE", project_, admin()).status, 204);
  EXPECT_EQ(api_.get(project_, owner()).status, 404);
  EXPECT_EQ(api_.get("/api/v1/events/" + company_.event, owner()).status, 404);
  auto again = db_.pool().acquire();
  ASSERT_TRUE(again);
  const auto now = SystemClock().now() + 1'000'000;
  ASSERT_TRUE(postgres::sweep_projects(**again, now, [] { return true; }));
  const auto tables = postgres::tables_of_projects(**again);
  ASSERT_TRUE(tables);
  for (const auto& table : *tables) {
    const auto left = (*again)->query("select count(*) from " + table + " where project_id = $1::integer",
                                      postgres::Params().integer(company_.project));
    EXPECT_EQ(left->integer(0, 0), 0) << table;
  }
  // It is looked for again, in case that something was under way, and no more after a day and a bit.
  const auto finished = [&] {
    const auto row =
        (*again)->query("select finished_at is not null from deleted_projects where project_id = $1::integer",
                        postgres::Params().integer(company_.project));
    return row->boolean(0, 0);
  };
  EXPECT_FALSE(finished());
  const auto later = now + std::chrono::microseconds(postgres::kStragglers).count() + 3'600'000'000;
  ASSERT_TRUE(postgres::sweep_projects(**again, later, [] { return true; }));
  EXPECT_TRUE(finished());
}

using ORG_03_changes = People;

TEST_F(ORG_03_changes, are_made_changed_rotated_and_deleted) {
  const auto made = post(project_ + "/keys", admin(), {{"name", "mobile"}, {"rate_limit_per_minute", 60}});
  ASSERT_EQ(made.status, 201) << made.text;
  const auto public_key = made.body["public_key"].get<std::string>();
  EXPECT_EQ(public_key.size(), 32U);
  EXPECT_EQ(public_key.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(made.body["rate_limit_per_minute"], 60);
  const auto path = fmt::format("{}/keys/{}", project_, made.body["id"].get<int>());
  const auto version = [&] { return std::stoll(db_.sql("select version from project_version")); };
  auto before = version();
  const auto changed = patch(path, admin(), {{"enabled", false}, {"name", "old mobile"}});
  EXPECT_EQ(changed.body["enabled"], false);
  EXPECT_EQ(changed.body["name"], "old mobile");
  EXPECT_EQ(changed.body["public_key"], public_key);
  EXPECT_GT(version(), before) << "ingestion is told";
  before = version();
  const auto rotated = post(path + "/rotate", admin(), TestJson::object());
  ASSERT_EQ(rotated.status, 200) << rotated.text;
  EXPECT_NE(rotated.body["public_key"], public_key);
  EXPECT_EQ(rotated.body["id"], made.body["id"]);
  EXPECT_GT(version(), before);
  EXPECT_EQ(api_.send("DELETE", path, admin()).status, 204);
  EXPECT_EQ(api_.send("DELETE", path, admin()).status, 404);
  EXPECT_EQ(api_.get(path, admin()).status, 404);
  EXPECT_EQ(patch(fmt::format("{}/keys/{}", project_, company_.key), admin(), {{"rate_limit", 1}}).field(),
            "rate_limit");
  EXPECT_EQ(post(project_ + "/keys", member(), {{"name", "x"}}).status, 403);
}

using ORG_04_members = People;

TEST_F(ORG_04_members, roles_above_ones_own_are_neither_given_nor_taken) {
  const auto of = [&](std::size_t i) { return fmt::format("{}/members/{}", org_, company_.users[i]); };
  EXPECT_EQ(patch(of(0), admin(), {{"role", "owner"}}).status, 403);
  EXPECT_EQ(patch(of(2), admin(), {{"role", "member"}}).status, 403);
  EXPECT_EQ(api_.send("DELETE", of(2), admin()).status, 403);
  EXPECT_EQ(post(org_ + "/invitations", admin(), {{"role", "owner"}}).status, 403);
  EXPECT_EQ(patch(of(0), admin(), {{"role", "admin"}}).body["role"], "admin");
  EXPECT_EQ(patch(of(0), owner(), {{"role", "owner"}}).body["role"], "owner");
  EXPECT_EQ(patch(of(0), owner(), {{"role", "king"}}).field(), "role");
}

TEST_F(ORG_04_members, the_last_owner_stays) {
  const auto self = fmt::format("{}/members/{}", org_, company_.users[2]);
  EXPECT_EQ(patch(self, owner(), {{"role", "member"}}).status, 409);
  EXPECT_EQ(api_.send("DELETE", self, owner()).status, 409);
  EXPECT_EQ(api_.send("POST", org_ + "/leave", owner()).status, 409);
  EXPECT_EQ(patch(fmt::format("{}/members/{}", org_, company_.users[0]), owner(), {{"role", "owner"}}).status, 200);
  EXPECT_EQ(api_.send("POST", org_ + "/leave", owner()).status, 204);
  EXPECT_EQ(api_.get(org_, owner()).status, 404);
}

TEST_F(ORG_04_members, who_leaves_leaves_teams_and_issues) {
  company_.with_event();
  db_.sql(fmt::format("update issues set assigned_user = {} where project_id = {}", company_.other_member,
                      company_.project));
  ASSERT_EQ(api_.send("DELETE", fmt::format("{}/members/{}", org_, company_.other_member), admin()).status, 204);
  EXPECT_EQ(db_.sql(fmt::format("select count(*) from team_members where user_id = {}", company_.other_member)), "0");
  EXPECT_TRUE(api_.get(fmt::format("/api/v1/issues/{}", company_.issue), member()).body["assigned_to"].is_null());
}

TEST_F(ORG_04_members, instance_owners_add_accounts_directly) {
  db_.sql(fmt::format("update users set is_instance_owner = true where id = {}", company_.users[1]));
  const auto email = db_.sql(fmt::format("select email from users where id = {}", company_.stranger));
  const auto added = post(org_ + "/members", admin(), {{"email", email}, {"role", "admin"}});
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(added.body["role"], "admin");
  EXPECT_EQ(post(org_ + "/members", admin(), {{"email", email}}).status, 409);
  EXPECT_EQ(post(org_ + "/members", admin(), {{"email", "nobody@example.com"}}).field(), "email");
}

using ORG_04_invitations = People;

TEST_F(ORG_04_invitations, make_an_account_that_is_signed_in_and_work_once) {
  const auto email = unique_name("New") + "@Example.com";
  const auto made = post(org_ + "/invitations", admin(), {{"email", email}, {"role", "admin"}});
  ASSERT_EQ(made.status, 201) << made.text;
  const auto path = "/api/v1/invitations/" + made.body["secret"].get<std::string>();
  EXPECT_EQ(made.body["link"], "https://errors.example.com" + path);
  const auto listed = api_.get(org_ + "/invitations", admin());
  EXPECT_EQ(listed.text.find(made.body["secret"].get<std::string>()), std::string::npos);
  const auto shown = api_.get(path, "");
  ASSERT_EQ(shown.status, 200) << shown.text;
  EXPECT_EQ(shown.body["role"], "admin");
  EXPECT_EQ(shown.body["organization"]["id"], company_.org);
  EXPECT_EQ(post(path, "", {{"password", "short"}}).field(), "password");
  EXPECT_EQ(post(path, "", {{"password", "correct horse"}, {"email", "other@example.com"}}).field(), "email");
  const auto accepted = post(path, "", {{"password", "correct horse"}, {"name", "Newcomer"}});
  ASSERT_EQ(accepted.status, 201) << accepted.text;
  const auto cookie = accepted.headers.at("Set-Cookie");
  const auto me = api_.request("GET", "/api/v1/me", {{"cookie", cookie.substr(0, cookie.find(';'))}});
  EXPECT_EQ(me.body["organizations"][0]["role"], "admin");
  EXPECT_EQ(me.body["user"]["name"], "Newcomer");
  EXPECT_EQ(me.body["user"]["is_instance_owner"], false);
  EXPECT_EQ(post(path, "", {{"password", "correct horse"}}).status, 404);
  EXPECT_EQ(api_.get(path, "").status, 404);
}

TEST_F(ORG_04_invitations, let_somebody_join_who_has_an_account) {
  const auto secret = post(org_ + "/invitations", admin(), TestJson::object()).body["secret"].get<std::string>();
  const auto path = "/api/v1/invitations/" + secret;
  const auto stranger = db_.add_token(company_.stranger);
  const auto email = db_.sql(fmt::format("select email from users where id = {}", company_.stranger));
  const auto taken = post(path, "", {{"email", email}, {"password", "correct horse"}});
  EXPECT_EQ(taken.status, 409) << taken.text;
  EXPECT_EQ(taken.field(), "email");
  const auto accepted = post(path, stranger, TestJson::object());
  ASSERT_EQ(accepted.status, 200) << accepted.text;
  EXPECT_EQ(accepted.body["role"], "member");
  EXPECT_EQ(api_.get(org_, stranger).status, 200);
}

TEST_F(ORG_04_invitations, for_one_address_are_not_for_another) {
  const auto secret = post(org_ + "/invitations", admin(), {{"email", unique_name("x") + "@example.com"}})
                          .body["secret"]
                          .get<std::string>();
  EXPECT_EQ(post("/api/v1/invitations/" + secret, db_.add_token(company_.stranger), TestJson::object()).status, 403);
}

TEST_F(ORG_04_invitations, that_are_taken_back_or_expired_do_not_work) {
  const auto revoked = post(org_ + "/invitations", admin(), TestJson::object());
  const auto path = fmt::format("{}/invitations/{}", org_, revoked.body["id"].get<int>());
  EXPECT_EQ(api_.send("DELETE", path, admin()).status, 204);
  EXPECT_EQ(api_.get("/api/v1/invitations/" + revoked.body["secret"].get<std::string>(), "").status, 404);
  const auto expired = post(org_ + "/invitations", admin(), {{"expires_in_days", 1}});
  api_.clock.advance(std::chrono::hours(25));
  const auto link = "/api/v1/invitations/" + expired.body["secret"].get<std::string>();
  EXPECT_EQ(post(link, db_.add_token(company_.stranger), TestJson::object()).status, 404);
  EXPECT_EQ(api_.get(org_ + "/invitations", admin()).body["data"].back()["state"], "expired");
  EXPECT_EQ(post(org_ + "/invitations", admin(), {{"expires_in_days", 1000}}).field(), "expires_in_days");
}

using ORG_04_teams = People;

TEST_F(ORG_04_teams, have_members_of_the_organisation) {
  const auto made = post(org_ + "/teams", admin(), {{"name", "Payment"}});
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(made.body["slug"], "payment");
  const auto team = fmt::format("{}/teams/{}", org_, made.body["id"].get<int>());
  const auto membership = fmt::format("{}/members/{}", team, company_.users[0]);
  EXPECT_EQ(api_.send("PUT", membership, admin()).status, 204);
  EXPECT_EQ(api_.send("PUT", membership, admin()).status, 204);
  EXPECT_EQ(api_.send("PUT", fmt::format("{}/members/{}", team, company_.stranger), admin()).status, 404);
  EXPECT_EQ(api_.get(team, member()).body["member_count"], 1);
  EXPECT_EQ(api_.get(team + "/members", member()).body["data"][0]["id"], company_.users[0]);
  EXPECT_EQ(patch(team, admin(), {{"name", "Payments"}}).body["name"], "Payments");
  EXPECT_EQ(patch(team, admin(), {{"slug", "ops"}}).field(), "slug");
  EXPECT_EQ(api_.send("DELETE", membership, admin()).status, 204);
  EXPECT_EQ(api_.send("DELETE", membership, admin()).status, 404);
  EXPECT_EQ(api_.send("DELETE", team, admin()).status, 204);
  EXPECT_EQ(api_.get(team, member()).status, 404);
}

using ORG_05_tokens = People;

TEST_F(ORG_05_tokens, are_shown_once_and_do_what_their_scope_says) {
  const auto made = post("/api/v1/tokens", admin(), {{"name", "deploy"}, {"scopes", {"read", "write"}}});
  ASSERT_EQ(made.status, 201) << made.text;
  const auto secret = made.body["token"].get<std::string>();
  EXPECT_EQ(secret.rfind("mesher_", 0), 0U);
  const auto list = api_.get("/api/v1/tokens", admin());
  EXPECT_EQ(list.text.find(secret), std::string::npos);
  EXPECT_EQ(db_.sql(fmt::format("select count(*) from api_tokens t where t::text like '%{}%'", secret)), "0");
  EXPECT_EQ(api_.get("/api/v1/me", secret).body["token"]["scope"], "write");
  EXPECT_EQ(api_.get(org_, secret).status, 200);
  EXPECT_EQ(patch(org_, secret, {{"name", "x"}}).status, 403);
  // With a token of a low scope nobody makes one of a higher.
  EXPECT_EQ(post("/api/v1/tokens", secret, {{"name", "more"}, {"scopes", {"admin"}}}).status, 403);
  api_.settle();
  const auto rows = api_.get("/api/v1/tokens", admin()).body["data"];
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r["id"] == made.body["id"]; });
  ASSERT_NE(row, rows.end());
  EXPECT_FALSE((*row)["last_used_at"].is_null());
  const auto path = fmt::format("/api/v1/tokens/{}", made.body["id"].get<int>());
  EXPECT_EQ(api_.send("DELETE", path, owner()).status, 404);
  EXPECT_EQ(api_.send("DELETE", path, admin()).status, 204);
  EXPECT_EQ(api_.get("/api/v1/me", secret).status, 401);
}

TEST_F(ORG_05_tokens, expire) {
  const auto soon = rfc3339(api_.clock.now() + 3'600'000'000);
  const auto made = post("/api/v1/tokens", admin(), {{"name", "hour"}, {"scopes", {"read"}}, {"expires_at", soon}});
  ASSERT_EQ(made.status, 201) << made.text;
  const auto secret = made.body["token"].get<std::string>();
  EXPECT_EQ(api_.get("/api/v1/me", secret).status, 200);
  api_.clock.advance(std::chrono::minutes(61));
  EXPECT_EQ(api_.get("/api/v1/me", secret).status, 401);
}

TEST_F(ORG_05_tokens, that_make_no_sense_are_refused) {
  for (const auto& [body, field] : std::vector<std::pair<TestJson, std::string>>{
           {{{"scopes", {"read"}}}, "name"},
           {{{"name", "x"}}, "scopes"},
           {{{"name", "x"}, {"scopes", TestJson::array()}}, "scopes"},
           {{{"name", "x"}, {"scopes", {"all"}}}, "scopes"},
           {{{"name", "x"}, {"scopes", "read"}}, "scopes"},
           {{{"name", "x"}, {"scopes", {"read"}}, {"expires_at", "2001-01-01T00:00:00Z"}}, "expires_at"},
           {{{"name", "x"}, {"scopes", {"read"}}, {"expires_at", 5}}, "expires_at"}}) {
    const auto answer = post("/api/v1/tokens", admin(), body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.field(), field) << body;
  }
}

using ORG_06_audit = People;

TEST_F(ORG_06_audit, tells_who_changed_what_from_where) {
  patch(project_, admin(), {{"name", "New name"}, {"settings", {{"scrub", {{"enabled", false}}}}}});
  post(org_ + "/teams", owner(), {{"name", "Team"}});
  const auto all = audit();
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all[0]["action"], "team.create");
  EXPECT_EQ(all[0]["target"]["name"], "Team");
  EXPECT_EQ(all[1]["action"], "project.update");
  EXPECT_EQ(all[1]["actor"]["id"], company_.users[1]);
  EXPECT_EQ(all[1]["address"], "192.0.2.1");
  EXPECT_EQ(all[1]["project_id"], company_.project);
  EXPECT_EQ(all[1]["details"]["name"], (TestJson{{"from", "web"}, {"to", "New name"}}));
  EXPECT_EQ(all[1]["details"]["settings.scrub.enabled"]["to"], false);
  EXPECT_EQ(audit("?action=team.create").size(), 1U);
  EXPECT_EQ(audit(fmt::format("?actor={}", company_.users[1])).size(), 1U);
  EXPECT_EQ(audit("?action=x'%3B%20drop%20table%20users%20--").size(), 0U);
  EXPECT_EQ(api_.get(org_ + "/audit-log", member()).status, 403);
}

TEST_F(ORG_06_audit, is_read_in_pages_that_new_entries_do_not_disturb) {
  for (int i = 0; i < 5; ++i) post(org_ + "/teams", owner(), {{"name", "Team " + std::to_string(i)}});
  const auto first = api_.get(org_ + "/audit-log?limit=2&action=team.create", owner()).body;
  post(org_ + "/teams", owner(), {{"name", "late"}});
  const auto cursor = first["next_cursor"].get<std::string>();
  const auto second = api_.get(org_ + "/audit-log?limit=2&action=team.create&cursor=" + cursor, owner()).body;
  EXPECT_EQ(second["data"][0]["target"]["name"], "Team 2");
  EXPECT_EQ(api_.get(org_ + "/audit-log?limit=2&cursor=" + cursor, owner()).code(), "invalid_cursor");
}

using API_idempotency = People;

TEST_F(API_idempotency, a_repeated_creation_is_answered_alike_and_creates_nothing) {
  const Headers headers{{"authorization", "Bearer " + admin()}, {"idempotency-key", unique_name("key")}};
  const TestJson body{{"name", "deploy"}, {"scopes", {"read"}}};
  const auto first = api_.request("POST", "/api/v1/tokens", headers, body.dump());
  ASSERT_EQ(first.status, 201) << first.text;
  const auto second = api_.request("POST", "/api/v1/tokens", headers, body.dump());
  EXPECT_EQ(second.status, 201);
  EXPECT_EQ(second.text, first.text);
  EXPECT_EQ(second.headers.at("Idempotency-Replayed"), "true");
  EXPECT_EQ(first.headers.count("Idempotency-Replayed"), 0U);
  EXPECT_EQ(company_.number(fmt::format("select count(*) from api_tokens where user_id = {} and name = 'deploy'",
                                        company_.users[1])),
            1U);
  // The secret in the answer is not in the database.
  const auto secret = first.body["token"].get<std::string>();
  EXPECT_EQ(
      db_.sql(fmt::format("select count(*) from idempotency_keys where encode(answer, 'escape') like '%{}%'", secret)),
      "0");
  const auto other = api_.request("POST", "/api/v1/tokens", headers, R"({"name":"other","scopes":["read"]})");
  EXPECT_EQ(other.status, 409);
  const Headers stolen{{"authorization", "Bearer " + db_.add_token(company_.users[1])}, headers[1]};
  EXPECT_EQ(api_.request("POST", "/api/v1/tokens", stolen, body.dump()).status, 409);
  // Another user's key of the same name is another key.
  const Headers colleague{{"authorization", "Bearer " + owner()}, headers[1]};
  EXPECT_EQ(api_.request("POST", "/api/v1/tokens", colleague, body.dump()).status, 201);
  api_.clock.advance(std::chrono::hours(25));
  const auto later = api_.request("POST", "/api/v1/tokens", headers, body.dump());
  EXPECT_EQ(later.status, 201);
  EXPECT_NE(later.text, first.text);
}

TEST_F(API_idempotency, mistakes_are_repeated_too_and_keys_have_a_form) {
  Headers headers{{"authorization", "Bearer " + admin()}, {"idempotency-key", unique_name("key")}};
  const auto path = org_ + "/teams";
  EXPECT_EQ(api_.request("POST", path, headers, "{}").status, 400);
  EXPECT_EQ(api_.request("POST", path, headers, "{}").headers.at("Idempotency-Replayed"), "true");
  for (const std::string& key : {std::string(256, 'x'), std::string("a b"), std::string("\xff")}) {
    headers[1].second = key;
    const auto answer = api_.request("POST", path, headers, R"({"name":"x"})");
    EXPECT_EQ(answer.status, 400) << key;
    EXPECT_EQ(answer.field(), "Idempotency-Key");
  }
}

TEST(API_limits, are_told_and_kept_per_token) {
  AccessSettings access;
  access.requests_per_minute = 3;
  TestApi api(access);
  Company company(api);
  const auto token = api.database.add_token(company.users[0]), other = api.database.add_token(company.users[0]);
  for (int left = 2; left >= 0; --left) {
    const auto answer = api.get("/api/v1/me", token);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("RateLimit-Limit"), "3");
    EXPECT_EQ(answer.headers.at("RateLimit-Remaining"), std::to_string(left));
  }
  const auto refused = api.get("/api/v1/me", token);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  EXPECT_EQ(refused.headers.at("Retry-After"), "20");
  EXPECT_EQ(api.get("/api/v1/me", other).status, 200);
  api.clock.advance(std::chrono::seconds(21));
  EXPECT_EQ(api.get("/api/v1/me", token).status, 200);
}

TEST(API_cors, pages_of_configured_origins_may_call_and_no_others) {
  AccessSettings access;
  access.allowed_origins = {"https://dash.example.com"};
  TestApi api(access);
  Company company(api);
  const auto token = api.database.add_token(company.users[0]);
  const auto from = [&](const std::string& origin) {
    return api.request("GET", "/api/v1/me", {{"authorization", "Bearer " + token}, {"origin", origin}});
  };
  EXPECT_EQ(from("https://dash.example.com").headers.at("Access-Control-Allow-Origin"), "https://dash.example.com");
  EXPECT_EQ(from("https://dash.example.com").headers.at("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(from("https://evil.example.com").headers.count("Access-Control-Allow-Origin"), 0U);
  const auto asked = [&](const std::string& origin) {
    return api.request("OPTIONS", "/api/v1/orgs/1", {{"origin", origin}, {"access-control-request-method", "PATCH"}});
  };
  EXPECT_EQ(asked("https://dash.example.com").status, 204);
  EXPECT_NE(asked("https://dash.example.com").headers.at("Access-Control-Allow-Headers").find("x-csrf-token"),
            std::string::npos);
  EXPECT_EQ(asked("https://evil.example.com").status, 404);
  TestApi closed;
  EXPECT_EQ(closed.request("OPTIONS", "/api/v1/orgs/1", {{"origin", "https://dash.example.com"}}).status, 405);
}

}  // namespace
}  // namespace mesher::api
