#include <gtest/gtest.h>

#include "fixture.hpp"
#include "io/api/routes.hpp"

namespace mesher::api {
namespace {

/// Two organisations, and something of everything in the first.
struct TwoOrgs : Company {
  explicit TwoOrgs(TestApi& api) : Company(api) {
    with_event();
    db.sql(fmt::format("update users set is_instance_owner = true where id = {}", users[2]));
    insider = db.add_token(users[2]);
    outsider = db.add_token(stranger);
  }
  std::string insider, outsider;
};

bool has_parameter(const Route& route) {
  return route.pattern.find('{') != std::string_view::npos;
}

TEST(ORG_01_access, what_is_not_there_looks_like_what_is_not_yours) {
  TestApi api;
  TwoOrgs two(api);
  EXPECT_EQ(api.get("/api/v1/projects/2147483647", two.insider).text,
            api.get(two.path("/api/v1/projects/{id}"), two.outsider).text);
  EXPECT_EQ(api.get("/api/v1/issues/9223372036854775807", two.insider).text,
            api.get(two.path("/api/v1/issues/{id}"), two.outsider).text);
  EXPECT_EQ(api.get("/api/v1/events/00000000000000000000000000000000", two.insider).text,
            api.get(two.path("/api/v1/events/{event_id}"), two.outsider).text);
}

TEST(ORG_05_access, an_expired_token_and_one_without_scopes_open_nothing) {
  TestApi api;
  TwoOrgs two(api);
  auto& db = api.database;
  const auto user = db.add_user(unique_name("late") + "@example.com");
  db.add_member(two.org, user);
  EXPECT_EQ(api.get("/api/v1/me", db.add_token(user, "{}", "now() - interval '1 second'")).status, 401);
  EXPECT_EQ(api.get("/api/v1/me", db.add_token(user, "{}", "now() + interval '1 hour'")).status, 200);
  const auto answer = api.get("/api/v1/me", db.add_token(user, "{nonsense}"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.code(), "forbidden");
}

TEST(ORG_05_access, the_last_use_of_a_token_is_recorded) {
  TestApi api;
  TwoOrgs two(api);
  const auto user = api.database.add_user(unique_name("user") + "@example.com");
  const auto token = api.database.add_token(user);
  const auto last = [&] {
    return api.database.sql("select last_used_at from api_tokens where user_id = " + std::to_string(user));
  };
  EXPECT_EQ(last(), "");
  EXPECT_EQ(api.get("/api/v1/me", token).status, 200);
  api.settle();
  EXPECT_NE(last(), "");
}

TEST(API_access, malformed_ids_are_refused_with_their_field) {
  TestApi api;
  TwoOrgs two(api);
  for (const auto& route : routes()) {
    if (!has_parameter(route) || route.pattern.find("{secret}") != std::string_view::npos) continue;
    for (const std::string value : {"x", "0", "-1", "1'", "99999999999999999999", "1;drop table issues", "%00"}) {
      auto path = std::string(route.pattern);
      path.replace(path.find('{'), path.find('}') - path.find('{') + 1, value);
      path = two.path(path);
      const auto answer = api.send(std::string(route.method), path, two.insider);
      EXPECT_EQ(answer.status, 400) << path;
      EXPECT_EQ(answer.code(), "invalid_parameter") << path;
      EXPECT_FALSE(answer.field().empty()) << path;
    }
  }
}

TEST(API_access, no_query_parameter_of_any_route_makes_an_internal_error) {
  TestApi api;
  TwoOrgs two(api);
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
    if (route.method != "GET" || auth::right_of(route.action).instance_owner) continue;
    for (const char* name : {"limit", "cursor", "sort", "from", "to", "query", "bucket", "action", "actor"}) {
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
  TwoOrgs two(api);
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
