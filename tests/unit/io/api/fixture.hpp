#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "io/auth/token.hpp"
#include "test_api.hpp"

namespace mesher::api {

/// An organisation with somebody of each role and something of everything, and a stranger. For tests that go through
/// all routes: a route with a new parameter gets a line in path().
struct Company {
  explicit Company(TestApi& api) : db(api.database) {
    org = db.add_org(unique_name("acme"));
    project = db.add_project(org, "web");
    key = db.add_key(project);
    for (const char* role : {"member", "admin", "owner"}) {
      const auto user = add_user(role);
      db.add_member(org, user, role);
      users.push_back(user);
    }
    stranger = add_user("stranger", true);
    db.add_member(db.add_org(unique_name("other")), stranger, "owner");
    other_member = add_user("colleague");
    db.add_member(org, other_member);
    team = number(
        fmt::format("insert into teams (organization_id, slug, name) values ({}, 'ops', 'Ops') returning id", org));
    db.sql(fmt::format("insert into team_members (organization_id, team_id, user_id) values ({}, {}, {})", org, team,
                       other_member));
    invitation_secret = auth::new_invitation_secret();
    invitation =
        number(fmt::format("insert into invitations (organization_id, secret_hash, role, created_at, expires_at)"
                           " values ({}, '\\x{}', 'member', now(), now() + interval '1 day') returning id",
                           org, hex(auth::hash_token(invitation_secret))));
  }

  /// Events, so that there is an issue; takes longer than the rest.
  Company& with_event() {
    TestDatabase::Sent sent{R"({"message":"hello secret"})", SystemClock().now(), "hello"};
    event = sent.id.hex();
    db.store(project, {sent});
    issue = db.issue_of(project, "hello");
    return *this;
  }

  /// The route's path with ids of this company. `user`: whose sessions and tokens are meant.
  [[nodiscard]] std::string path(std::string_view pattern, std::uint32_t user = 0) {
    std::string text(pattern);
    const auto fill = [&](std::string_view name, const std::string& value) {
      if (const auto at = text.find(name); at != std::string::npos) text.replace(at, name.size(), value);
    };
    if (text == "/api/v1/me/sessions/{id}") fill("{id}", std::to_string(add_session(user)));
    if (text == "/api/v1/tokens/{id}") fill("{id}", std::to_string(token_id(db.add_token(user))));
    if (text.find("/orgs/") != std::string::npos) fill("{id}", std::to_string(org));
    if (text.find("/projects/") != std::string::npos) fill("{id}", std::to_string(project));
    fill("{event_id}", event);
    fill("{key_id}", std::to_string(key));
    fill("{team_id}", std::to_string(team));
    fill("{user_id}", std::to_string(other_member));
    fill("{invitation_id}", std::to_string(invitation));
    fill("{secret}", invitation_secret);
    if (text.find("{comment_id}") != std::string::npos) fill("{comment_id}", std::to_string(add_comment(user)));
    if (text.find("{hash}") != std::string::npos) {
      const std::string hash(32, '0');
      db.sql(
          fmt::format("insert into discarded_hashes (project_id, hash, title) values ({}, '\\x{}', 'noise')"
                      " on conflict do nothing returning 1",
                      project, hash));
      fill("{hash}", hash);
    }
    if (text.find("{rule_id}") != std::string::npos) fill("{rule_id}", std::to_string(add_alert_rule()));
    if (text.find("{alert_id}") != std::string::npos) fill("{alert_id}", std::to_string(add_alert()));
    if (text.find("{delivery_id}") != std::string::npos) fill("{delivery_id}", add_delivery());
    fill("{key}", "environment");
    fill("{id}", std::to_string(issue));
    EXPECT_EQ(text.find('{'), std::string::npos) << pattern << ": tell Company::path what this parameter is";
    return text;
  }

  std::int64_t add_comment(std::uint32_t user) {
    return std::stoll(db.sql(fmt::format(
        "insert into issue_comments (project_id, issue_id, user_id, text) values ({}, {}, {}, 'seen') returning id",
        project, issue, user)));
  }

  std::int64_t add_alert_rule() {
    return std::stoll(db.sql(
        fmt::format("insert into alert_rules (project_id, name, severity, kind) values ({}, 'secret rule', 'warning',"
                    " 'new_issue') returning id",
                    project)));
  }
  std::int64_t add_alert() {
    return std::stoll(
        db.sql(fmt::format("insert into alerts (project_id, rule_id, key, severity, value, threshold, triggered_at)"
                           " values ({}, {}, 'project', 'warning', 1, 1, now()) returning id",
                           project, add_alert_rule())));
  }
  std::string add_delivery() {
    return db.sql(
        fmt::format("insert into alert_deliveries (project_id, id, rule_id, channel, kind, action, body, status) values"
                    " ({}, gen_random_uuid(), {}, '', 'test', '{{\"type\":\"webhook\"}}', 'secret', 'failed')"
                    " returning replace(id::text, '-', '')",
                    project, add_alert_rule()));
  }

  std::int64_t add_session(std::uint32_t user) {
    return std::stoll(
        db.sql(fmt::format("insert into sessions (user_id, secret_hash, created_at, last_used_at, expires_at)"
                           " values ({}, '\\x{}', now(), now(), now() + interval '1 day') returning id",
                           user, hex(auth::hash_token(auth::new_session_secret())))));
  }

  [[nodiscard]] static std::string hex(const auth::TokenHash& hash) {
    std::string text;
    for (const auto byte : hash) text += fmt::format("{:02x}", byte);
    return text;
  }

  std::uint32_t token_id(const std::string& secret) {
    return number(fmt::format("select id from api_tokens where token_hash = '\\x{}'", hex(auth::hash_token(secret))));
  }

  std::uint32_t add_user(const std::string& name, bool instance_owner = false) {
    return db.add_user(unique_name(name) + "@example.com", instance_owner);
  }

  std::uint32_t number(const std::string& sql) { return static_cast<std::uint32_t>(std::stoul(db.sql(sql))); }

  TestDatabase& db;
  std::uint32_t org = 0, project = 0, key = 0, team = 0, invitation = 0, stranger = 0, other_member = 0;
  std::vector<std::uint32_t> users;  ///< member, admin, owner
  std::int64_t issue = 1;
  std::string event = std::string(32, '0'), invitation_secret;
};

}  // namespace mesher::api
