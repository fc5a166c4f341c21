#include <gtest/gtest.h>

#include "io/api/routes.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

/// Two organisations with a member each, and something of everything in the first.
struct TwoOrgs {
  explicit TwoOrgs(TestApi& api) {
    auto& db = api.database;
    org = db.add_org(unique_name("acme"));
    project = db.add_project(org, "web");
    db.add_key(project);
    const auto member = db.add_user(unique_name("member") + "@example.com");
    db.add_member(org, member);
    insider = db.add_token(member);
    reader = db.add_token(member, "{read}");
    const auto other = db.add_user(unique_name("other") + "@example.com", true);
    db.add_member(db.add_org(unique_name("other")), other, "owner");
    outsider = db.add_token(other);
    TestDatabase::Sent sent{R"({"message":"hello"})", SystemClock().now(), "hello"};
    event = sent.id.hex();
    db.store(project, {sent});
    issue = db.issue_of(project, "hello");
  }

  [[nodiscard]] std::string path(std::string_view pattern) const {
    std::string text(pattern);
    const auto fill = [&](std::string_view name, const std::string& value) {
      if (const auto at = text.find(name); at != std::string::npos) text.replace(at, name.size(), value);
    };
    fill("{event_id}", event);
    if (text.find("/orgs/") != std::string::npos) fill("{id}", std::to_string(org));
    if (text.find("/projects/") != std::string::npos) fill("{id}", std::to_string(project));
    fill("{id}", std::to_string(issue));
    return text;
  }

  std::uint32_t org, project;
  std::int64_t issue;
  std::string event, insider, reader, outsider;
};

bool has_parameter(const Route& route) {
  return route.pattern.find('{') != std::string_view::npos;
}

TEST(ORG_01_access, nothing_of_an_organisation_is_visible_to_another) {
  TestApi api;
  const TwoOrgs two(api);
  for (const auto& route : routes()) {
    if (!has_parameter(route)) continue;
    const auto path = two.path(route.pattern);
    EXPECT_EQ(api.send(std::string(route.method), path, two.insider).status, 200) << path;
    // The outsider is an owner of the instance, which makes no difference.
    const auto answer = api.send(std::string(route.method), path, two.outsider);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.code(), "not_found") << path;
    EXPECT_EQ(answer.text.find("hello"), std::string::npos) << path;
  }
}

TEST(ORG_01_access, what_is_not_there_looks_like_what_is_not_yours) {
  TestApi api;
  const TwoOrgs two(api);
  EXPECT_EQ(api.get("/api/v1/projects/2147483647", two.insider).text,
            api.get(two.path("/api/v1/projects/{id}"), two.outsider).text);
  EXPECT_EQ(api.get("/api/v1/issues/9223372036854775807", two.insider).text,
            api.get(two.path("/api/v1/issues/{id}"), two.outsider).text);
  EXPECT_EQ(api.get("/api/v1/events/00000000000000000000000000000000", two.insider).text,
            api.get(two.path("/api/v1/events/{event_id}"), two.outsider).text);
}

TEST(ORG_05_access, every_route_needs_a_token) {
  TestApi api;
  const TwoOrgs two(api);
  for (const auto& route : routes()) {
    const auto path = two.path(route.pattern);
    for (const std::string& token : {std::string(), std::string("mesher_wrong"), std::string("\xff")}) {
      const auto answer = api.send(std::string(route.method), path, token);
      EXPECT_EQ(answer.status, 401) << path;
      EXPECT_EQ(answer.code(), "unauthenticated") << path;
      EXPECT_EQ(answer.headers.count("WWW-Authenticate"), 1U);
    }
  }
}

TEST(ORG_05_access, an_expired_token_and_one_without_scopes_open_nothing) {
  TestApi api;
  const TwoOrgs two(api);
  auto& db = api.database;
  const auto user = db.add_user(unique_name("late") + "@example.com");
  db.add_member(two.org, user);
  EXPECT_EQ(api.get("/api/v1/me", db.add_token(user, "{}", "now() - interval '1 second'")).status, 401);
  EXPECT_EQ(api.get("/api/v1/me", db.add_token(user, "{}", "now() + interval '1 hour'")).status, 200);
  const auto answer = api.get("/api/v1/me", db.add_token(user, "{nonsense}"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "forbidden");
}

TEST(ORG_04_access, the_graph_is_for_owners_of_the_instance) {
  TestApi api;
  const TwoOrgs two(api);
  for (const auto& route : routes()) {
    if (!route.access.instance_owner) continue;
    EXPECT_EQ(api.send(std::string(route.method), std::string(route.pattern), two.insider).status, 403)
        << route.pattern;
  }
  EXPECT_EQ(api.get("/api/v1/graph", two.outsider).status, 200);
  const auto owner = api.database.add_user(unique_name("owner") + "@example.com", true);
  EXPECT_EQ(api.send("PUT", "/api/v1/graph", api.database.add_token(owner, "{read,write}"), "x").status, 403);
}

TEST(ORG_05_access, the_last_use_of_a_token_is_recorded) {
  TestApi api;
  const TwoOrgs two(api);
  const auto user = api.database.add_user(unique_name("user") + "@example.com");
  const auto token = api.database.add_token(user);
  const auto last = [&] {
    return api.database.sql("select last_used_at from api_tokens where user_id = " + std::to_string(user));
  };
  EXPECT_EQ(last(), "");
  EXPECT_EQ(api.get("/api/v1/me", token).status, 200);
  EXPECT_NE(last(), "");
}

TEST(API_access, malformed_ids_are_refused_with_their_field) {
  TestApi api;
  const TwoOrgs two(api);
  for (const auto& route : routes()) {
    if (!has_parameter(route)) continue;
    for (const std::string value : {"x", "0", "-1", "1'", "99999999999999999999", "1;drop table issues", "%00"}) {
      auto path = std::string(route.pattern);
      path.replace(path.find('{'), path.find('}') - path.find('{') + 1, value);
      const auto answer = api.get(path, two.insider);
      EXPECT_EQ(answer.status, 400) << path;
      EXPECT_EQ(answer.code(), "invalid_parameter") << path;
      EXPECT_FALSE(answer.field().empty()) << path;
    }
  }
}

TEST(API_access, no_query_parameter_of_any_route_makes_an_internal_error) {
  TestApi api;
  const TwoOrgs two(api);
  const std::vector<std::string> hostile{"'",
                                         "\"",
                                         ";",
                                         "--",
                                         "%",
                                         "\\",
                                         "%00",
                                         "%ff",
                                         "0",
                                         "-1",
                                         "1e9",
                                         "' or 1=1 --",
                                         std::string(5000, 'x'),
                                         "{}",
                                         "[]",
                                         "null",
                                         "\x7f",
                                         "2026-01-01T00:00:00Z"};
  for (const auto& route : routes()) {
    if (route.method != "GET" || route.access.instance_owner) continue;
    for (const char* name : {"limit", "cursor", "sort", "from", "to", "query", "bucket"}) {
      for (const auto& value : hostile) {
        const auto raw = value.rfind("%", 0) == 0 && value.size() > 1 ? value : encoded(value);
        const auto target = two.path(route.pattern) + "?" + name + "=" + raw;
        const auto answer = api.get(target, two.insider);
        EXPECT_TRUE(answer.status == 200 || answer.status == 400) << answer.status << " " << target;
        EXPECT_EQ(answer.field(), answer.status == 400 ? name : "") << target;
      }
    }
  }
}

TEST(STREAM_01_access, a_token_gives_the_projects_that_may_be_watched) {
  TestApi api;
  const TwoOrgs two(api);
  const auto second = api.database.add_project(two.org, "second");
  const auto insider = api.live(two.insider);
  ASSERT_TRUE(insider);
  EXPECT_EQ(insider->project_ids, (std::vector<std::uint32_t>{two.project, second}));
  const auto outsider = api.live(two.outsider);
  ASSERT_TRUE(outsider);
  EXPECT_TRUE(outsider->project_ids.empty());
  EXPECT_FALSE(api.live("wrong"));
  EXPECT_FALSE(api.live(""));
}

}  // namespace
}  // namespace mesher::api
