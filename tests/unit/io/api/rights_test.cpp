#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "fixture.hpp"
#include "io/api/rights_page.hpp"
#include "io/api/routes.hpp"

namespace mesher::api {
namespace {

using auth::Realm;
using auth::Role;
using auth::Scope;

constexpr const char* kScopes[] = {"{read}", "{write}", "{admin}"};

bool has_parameter(const Route& route) {
  return route.pattern.find('{') != std::string_view::npos;
}

/// What the table says of a member of the organisation: nothing if it lets them.
std::optional<int> refusal_of(const auth::Right& right, Role role, bool instance_owner, Scope scope) {
  if (right.realm == Realm::open) return std::nullopt;
  if (scope < right.scope) return 403;
  if (right.instance_owner && !instance_owner) return 403;
  if (right.realm == Realm::organization && role < right.role) return 403;
  return std::nullopt;
}

/// Not refused for want of rights; whether the empty body pleases it is another matter.
void expect_allowed(const Answer& answer, const std::string& what) {
  EXPECT_NE(answer.status, 401) << what << " " << answer.text;
  EXPECT_NE(answer.status, 403) << what << " " << answer.text;
  EXPECT_NE(answer.status, 404) << what << " " << answer.text;
  EXPECT_LT(answer.status, 500) << what << " " << answer.text;
}

/// Every route × role × instance owner or not × scope, each change in a company of its own.
TEST(ORG_04_rights, of_every_route_are_those_of_the_table_for_every_role_and_scope) {
  TestApi api;
  auto reading = Company(api);
  reading.with_event();
  for (const auto& route : routes()) {
    const auto& right = auth::right_of(route.action);
    for (const Role role : {Role::member, Role::admin, Role::owner}) {
      for (const bool instance_owner : {false, true}) {
        for (const Scope scope : {Scope::read, Scope::write, Scope::admin}) {
          const bool changes = route.method != "GET";
          auto own = changes ? std::optional<Company>(std::in_place, api) : std::nullopt;
          Company& company = own ? *own : reading;
          const bool about_issues =
              right.action == auth::Action::change_issue || right.action == auth::Action::delete_issue;
          if (own && about_issues) own->with_event();
          const auto user = company.users[static_cast<std::size_t>(role)];
          api.database.sql(fmt::format("update users set is_instance_owner = {} where id = {}", instance_owner, user));
          const auto token = api.database.add_token(user, kScopes[static_cast<std::size_t>(scope)]);
          const auto path = company.path(route.pattern, user);
          const auto answer = api.send(std::string(route.method), path, token);
          const auto what = fmt::format("{} {} as {}{} with {}", route.method, path, name_of(role),
                                        instance_owner ? " and instance owner" : "", name_of(scope));
          const auto refusal = refusal_of(right, role, instance_owner, scope);
          if (refusal) {
            EXPECT_EQ(answer.status, *refusal) << what << " " << answer.text;
          } else {
            expect_allowed(answer, what);
          }
        }
      }
    }
  }
}

TEST(ORG_01_rights, nothing_of_an_organisation_is_visible_to_another) {
  TestApi api;
  auto company = Company(api);
  company.with_event();
  // An owner of an organisation of their own and of the instance, with every scope: it makes no difference.
  const auto token = api.database.add_token(company.stranger);
  for (const auto& route : routes()) {
    if (!has_parameter(route) || auth::right_of(route.action).realm == Realm::open) continue;
    const auto path = company.path(route.pattern, company.users[0]);
    const auto answer = api.send(std::string(route.method), path, token);
    EXPECT_EQ(answer.status, 404) << route.method << " " << path << " " << answer.text;
    EXPECT_EQ(answer.code(), "not_found") << path;
    EXPECT_EQ(answer.text.find("secret"), std::string::npos) << path;
  }
  // And nothing has happened.
  EXPECT_EQ(company.number(fmt::format("select count(*) from members where organization_id = {}", company.org)), 4U);
  EXPECT_EQ(company.number(fmt::format("select count(*) from project_keys where project_id = {}", company.project)),
            1U);
}

TEST(ORG_01_rights, ids_of_another_organisation_do_not_pass_below_ones_own) {
  TestApi api;
  auto mine = Company(api), theirs = Company(api);
  const auto token = api.database.add_token(mine.users[2]);
  const auto org = fmt::format("/api/v1/orgs/{}", mine.org);
  const auto project = fmt::format("/api/v1/projects/{}", mine.project);
  const std::vector<std::pair<std::string, std::string>> crossed{
      {"GET", fmt::format("{}/keys/{}", project, theirs.key)},
      {"PATCH", fmt::format("{}/keys/{}", project, theirs.key)},
      {"DELETE", fmt::format("{}/keys/{}", project, theirs.key)},
      {"POST", fmt::format("{}/keys/{}/rotate", project, theirs.key)},
      {"GET", fmt::format("{}/teams/{}", org, theirs.team)},
      {"PATCH", fmt::format("{}/teams/{}", org, theirs.team)},
      {"DELETE", fmt::format("{}/teams/{}", org, theirs.team)},
      {"GET", fmt::format("{}/teams/{}/members", org, theirs.team)},
      {"PUT", fmt::format("{}/teams/{}/members/{}", org, theirs.team, mine.users[0])},
      {"PUT", fmt::format("{}/teams/{}/members/{}", org, mine.team, theirs.users[0])},
      {"GET", fmt::format("{}/members/{}", org, theirs.users[0])},
      {"PATCH", fmt::format("{}/members/{}", org, theirs.users[0])},
      {"DELETE", fmt::format("{}/members/{}", org, theirs.users[0])},
      {"DELETE", fmt::format("{}/invitations/{}", org, theirs.invitation)},
      {"DELETE", fmt::format("/api/v1/tokens/{}", theirs.token_id(api.database.add_token(theirs.users[0])))},
      {"DELETE", fmt::format("/api/v1/me/sessions/{}", theirs.add_session(theirs.users[0]))}};
  for (const auto& [method, path] : crossed) {
    const auto answer = api.send(method, path, token);
    EXPECT_EQ(answer.status, 404) << method << " " << path << " " << answer.text;
  }
}

TEST(ORG_05_rights, every_route_but_the_open_ones_needs_somebody) {
  TestApi api;
  auto company = Company(api);
  for (const auto& route : routes()) {
    const auto path = company.path(route.pattern, company.users[0]);
    const bool open = auth::right_of(route.action).realm == Realm::open;
    for (const std::string& token : {std::string(), std::string("mesher_wrong"), std::string("\xff")}) {
      if (open && token.empty()) continue;
      const auto answer = api.send(std::string(route.method), path, token);
      EXPECT_EQ(answer.status, 401) << path;
      EXPECT_EQ(answer.code(), "unauthenticated") << path;
      EXPECT_EQ(answer.headers.count("WWW-Authenticate"), 1U);
    }
  }
}

TEST(ORG_04_rights, a_changed_role_counts_at_once) {
  TestApi api;
  auto company = Company(api);
  const auto admin = api.database.add_token(company.users[1]);
  const auto owner = api.database.add_token(company.users[2]);
  const auto org = fmt::format("/api/v1/orgs/{}", company.org);
  EXPECT_EQ(api.send("PATCH", org, admin, R"({"name":"New"})").status, 200);
  const auto member = fmt::format("{}/members/{}", org, company.users[1]);
  EXPECT_EQ(api.send("PATCH", member, owner, R"({"role":"member"})").status, 200);
  EXPECT_EQ(api.send("PATCH", org, admin, R"({"name":"Newer"})").status, 403);
  EXPECT_EQ(api.send("DELETE", member, owner).status, 204);
  EXPECT_EQ(api.send("GET", org, admin).status, 404);
}

TEST(ORG_04_rights, the_page_in_the_documentation_is_what_the_tables_say) {
  std::ifstream in(std::string(MESHER_SOURCE_DIR) + "/docs/rights.md");
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), rights_page()) << "write it with: build/mesher help rights > docs/rights.md";
}

}  // namespace
}  // namespace mesher::api
