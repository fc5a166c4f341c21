#include <gtest/gtest.h>

#include "io/api/times.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

/// A project with a few issues, and two people who work on it.
class IssueChangesTest : public testing::Test {
 protected:
  IssueChangesTest() {
    org_ = db_.add_org(unique_name("org"));
    ann_email_ = unique_name("ann") + "@example.com";
    ann_ = db_.add_user(ann_email_);
    bob_ = db_.add_user(unique_name("bob") + "@example.com");
    stranger_ = db_.add_user(unique_name("eve") + "@example.com");
    db_.add_member(org_, ann_, "admin");
    db_.add_member(org_, bob_);
    token_ = db_.add_token(ann_);
    reader_ = db_.add_token(bob_, "{read}");
    project_ = db_.add_project(org_, unique_name("shop"));
    for (const std::string group : {"disk full", "disk slow", "user gone"}) {
      db_.store(project_, {{TestJson{{"message", group}}.dump(), SystemClock().now(), group}});
    }
  }

  std::int64_t id(const std::string& group) { return db_.issue_of(project_, group); }
  std::string path(const std::string& group, const std::string& rest = {}) {
    return "/api/v1/issues/" + std::to_string(id(group)) + rest;
  }
  std::string issues() const { return "/api/v1/projects/" + std::to_string(project_) + "/issues"; }
  Answer patch(const std::string& target, const TestJson& body) {
    return api_.send("PATCH", target, token_, body.dump());
  }
  Answer post(const std::string& target, const TestJson& body = TestJson::object()) {
    return api_.send("POST", target, token_, body.dump());
  }
  TestJson issue(const std::string& group) { return api_.get(path(group), token_).body; }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  std::uint32_t org_ = 0, ann_ = 0, bob_ = 0, stranger_ = 0, project_ = 0;
  std::string ann_email_, token_, reader_;
};
using ISSUE_01_changes = IssueChangesTest;
using ISSUE_04_changes = IssueChangesTest;
using ISSUE_05_changes = IssueChangesTest;
using GROUP_06_changes = IssueChangesTest;

TEST_F(ISSUE_01_changes, of_one_issue_are_shown_noted_and_undone) {
  auto changed = patch(path("disk full"), {{"status", "resolved"}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["status"], "resolved");
  EXPECT_TRUE(changed.body["substatus"].is_null());
  EXPECT_EQ(changed.body["version"], 2);
  const auto undo = changed.body["undo"];
  ASSERT_TRUE(undo.is_object()) << changed.text;
  EXPECT_TRUE(patch(path("disk full"), {{"status", "resolved"}}).body["undo"].is_null()) << "nothing has changed";

  const auto activity = api_.get(path("disk full", "/activity"), token_).body["data"];
  ASSERT_EQ(activity.size(), 1U);
  EXPECT_EQ(activity[0]["kind"], "resolved");
  EXPECT_EQ(activity[0]["user"]["email"], ann_email_);
  EXPECT_EQ(activity[0]["undo"], undo);

  const auto undone = post(issues() + "/undo", undo);
  ASSERT_EQ(undone.status, 200) << undone.text;
  EXPECT_EQ(undone.body["changed"], 1);
  EXPECT_EQ(undone.body["skipped"], 0);
  EXPECT_EQ(issue("disk full")["status"], "unresolved");
  EXPECT_EQ(issue("disk full")["substatus"], "new");
}

using ORG_06_audit_of_issues = IssueChangesTest;

TEST_F(ORG_06_audit_of_issues, has_every_change_with_who_and_what) {
  const auto title = issue("disk full")["title"];
  ASSERT_EQ(patch(path("disk full"), {{"status", "resolved"}}).status, 200);
  ASSERT_EQ(patch(path("disk full"), {{"status", "resolved"}}).status, 200);  // changes nothing
  ASSERT_EQ(patch(issues(), {{"query", ""}, {"assigned_to", {{"user", bob_}}}}).status, 200);
  ASSERT_EQ(api_.send("DELETE", path("disk full"), token_).status, 200);
  const auto log = db_.sql(
      "select string_agg(concat_ws(' ', action, target_type, actor, details->>'status', "
      "details->'assigned_to'->>'user'),"
      " '; ' order by id) from audit_log where project_id = " +
      std::to_string(project_));
  const auto who = ann_email_;
  EXPECT_EQ(log, "issue.update issue " + who + " resolved; issue.update issues " + who + " " + std::to_string(bob_) +
                     "; issue.delete issue " + who);
  EXPECT_EQ(db_.sql("select target from audit_log where action = 'issue.delete' and project_id = " +
                    std::to_string(project_)),
            title.get<std::string>());
}

TEST_F(ISSUE_01_changes, say_what_an_issue_waits_for) {
  const TestJson until{{"events", 100}, {"window_seconds", 3600}};
  auto changed = patch(path("disk full"), {{"status", "archived"}, {"until", until}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["substatus"], "archived_until_condition");
  EXPECT_EQ(changed.body["waits_for"], until);
  changed = post(path("disk full", "/archive"), {{"until", {{"escalating", true}, {"rearchive", true}}}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["substatus"], "archived_until_escalating");
  changed = post(path("disk full", "/archive"));
  EXPECT_EQ(changed.body["substatus"], "archived_forever");
  EXPECT_TRUE(changed.body["waits_for"].is_null());
  changed = post(path("disk full", "/resolve"), {{"in", "next_release"}});
  EXPECT_EQ(changed.body["waits_for"], (TestJson{{"in", "next_release"}})) << changed.text;
  changed = post(path("disk full", "/unresolve"));
  EXPECT_EQ(changed.body["substatus"], "ongoing");
}

TEST_F(ISSUE_01_changes, of_many_issues_go_by_ids_or_by_query) {
  auto changed = patch(issues(), {{"query", "is:unresolved disk"}, {"status", "resolved"}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["changed"], 2);
  EXPECT_EQ(patch(issues(), {{"query", "disk"}, {"status", "resolved"}}).body,
            (TestJson{{"changed", 0}, {"undo", nullptr}}));
  EXPECT_EQ(issue("user gone")["status"], "unresolved");
  const auto undone = post(issues() + "/undo", changed.body["undo"]);
  EXPECT_EQ(undone.body["changed"], 2);
  changed = patch(issues(), {{"ids", {id("user gone"), 123456789}}, {"status", "archived"}});
  EXPECT_EQ(changed.body["changed"], 1);
}

TEST_F(ISSUE_04_changes, assign_to_members_only) {
  auto changed = patch(path("disk full"), {{"assigned_to", {{"user", bob_}}}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.body["assigned_to"], (TestJson{{"user", bob_}}));
  EXPECT_EQ(post(path("disk full", "/assign"), {{"user", ann_}}).body["assigned_to"], (TestJson{{"user", ann_}}));
  EXPECT_TRUE(post(path("disk full", "/assign"), {{"assigned_to", nullptr}}).body["assigned_to"].is_null());
  for (const TestJson& body : {TestJson{{"user", stranger_}}, TestJson{{"team", 77}},
                               TestJson{{"user", 1}, {"team", 1}}, TestJson::object(), TestJson{{"user", "x"}}}) {
    const auto refused = post(path("disk full", "/assign"), body);
    EXPECT_EQ(refused.status, 400) << refused.text;
    EXPECT_EQ(refused.code(), "invalid_body") << refused.text;
  }
  const auto team = std::stoi(db_.sql("insert into teams (organization_id, slug, name) values (" +
                                      std::to_string(org_) + ", 'pay', 'Payments') returning id"));
  const auto to_team = post(path("disk full", "/assign"), {{"team", team}});
  EXPECT_EQ(to_team.body["assigned_to"], (TestJson{{"team", team}})) << to_team.text;
  std::string kinds;
  for (const auto& entry : api_.all_pages(path("disk full", "/activity?limit=1"), token_)) {
    kinds += entry["kind"].get<std::string>() + " ";
  }
  EXPECT_EQ(kinds, "assigned unassigned assigned assigned ");
}

TEST_F(ISSUE_04_changes, by_two_people_both_count_unless_one_wants_to_be_sure) {
  EXPECT_EQ(patch(path("disk full"), {{"status", "resolved"}}).status, 200);
  EXPECT_EQ(patch(path("disk full"), {{"assigned_to", {{"user", bob_}}}}).status, 200);
  EXPECT_EQ(issue("disk full")["status"], "resolved");
  EXPECT_EQ(issue("disk full")["assigned_to"]["user"], bob_);
  const auto late = api_.send("PATCH", path("disk full"), token_, R"({"status":"archived"})", {{"if-match", "\"1\""}});
  EXPECT_EQ(late.status, 409) << late.text;
  EXPECT_NE(late.text.find(ann_email_), std::string::npos) << late.text;
  const auto sure = api_.send("PATCH", path("disk full"), token_, R"({"status":"archived"})", {{"if-match", "\"3\""}});
  EXPECT_EQ(sure.status, 200) << sure.text;
}

TEST_F(ISSUE_01_changes, with_mistakes_are_refused_with_their_place) {
  const std::vector<std::pair<TestJson, std::string>> bodies{
      {{{"status", "open"}}, "status"},
      {TestJson::object(), "status"},
      {{{"status", "resolved"}, {"in", "june"}}, "in"},
      {{{"status", "archived"}, {"until", 3}}, "until"},
      {{{"status", "archived"}, {"until", TestJson::object()}}, "until.events"},
      {{{"status", "archived"}, {"until", {{"events", 0}}}}, "until.events"},
      {{{"status", "archived"}, {"until", {{"window_seconds", 60}}}}, "until.window_seconds"},
      {{{"status", "archived"}, {"until", {{"time", "2001-01-01T00:00:00Z"}}}}, "until.time"},
      {{{"status", "archived"}, {"until", {{"rearchive", true}}}}, "until.rearchive"},
      {{{"status", "archived"}, {"until", {{"evnts", 5}}}}, "until.evnts"},
      {{{"statsu", "resolved"}}, "statsu"}};
  for (const auto& [body, field] : bodies) {
    const auto refused = patch(path("disk full"), body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_EQ(refused.field(), field) << refused.text;
  }
  EXPECT_EQ(patch(issues(), {{"status", "resolved"}}).field(), "ids");
  EXPECT_EQ(patch(issues(), {{"query", "is:open"}, {"status", "resolved"}}).code(), "invalid_query");
  EXPECT_EQ(api_.send("PATCH", path("disk full"), token_, "[]").code(), "invalid_body");
  EXPECT_EQ(api_.send("PATCH", path("disk full"), reader_, R"({"status":"resolved"})").status, 403);
  EXPECT_EQ(api_.send("PATCH", path("disk full"), db_.add_token(stranger_), R"({"status":"resolved"})").status, 404);
  EXPECT_EQ(post(issues() + "/undo", {{"change_id", 987654321}}).status, 404);
}

TEST_F(ISSUE_04_changes, have_comments_beside_them) {
  const auto made = post(path("disk full", "/comments"), {{"text", "see\nthe deploy"}});
  ASSERT_EQ(made.status, 201) << made.text;
  const auto comment = path("disk full", "/comments/") + std::to_string(made.body["id"].get<std::int64_t>());
  EXPECT_EQ(patch(comment, {{"text", "never mind"}}).body["text"], "never mind");
  const auto bob = db_.add_token(bob_);
  EXPECT_EQ(api_.send("PATCH", comment, bob, R"({"text":"x"})").status, 403);
  EXPECT_EQ(api_.send("DELETE", comment, bob).status, 403);
  EXPECT_EQ(api_.get(path("disk full", "/comments"), bob).body["data"].size(), 1U);
  EXPECT_EQ(api_.get(path("disk full", "/activity"), token_).body["data"][0]["kind"], "comment");
  EXPECT_EQ(api_.send("DELETE", comment, token_).status, 200);
  EXPECT_EQ(api_.send("DELETE", comment, token_).status, 404);
  EXPECT_TRUE(api_.get(path("disk full", "/activity"), token_).body["data"].empty());
  EXPECT_EQ(post(path("disk full", "/comments"), {{"text", ""}}).field(), "text");
}

TEST_F(GROUP_06_changes, merge_and_split_and_old_ids_lead_on) {
  const auto other = path("disk slow");
  const auto other_id = id("disk slow");
  const auto merged = post(path("disk full", "/merge"), {{"ids", {other_id}}});
  ASSERT_EQ(merged.status, 200) << merged.text;
  EXPECT_EQ(merged.body["event_count"], 2);
  EXPECT_EQ(api_.get(other, token_).body["id"], id("disk full"));
  const auto hashes = api_.get(path("disk full", "/hashes"), token_).body["data"];
  ASSERT_EQ(hashes.size(), 2U);
  const auto second = hashes[0]["primary"] == true ? hashes[1] : hashes[0];
  EXPECT_EQ(second["recent_events"], 1);
  const auto parted = post(path("disk full", "/split"), {{"hashes", {second["hash"]}}});
  ASSERT_EQ(parted.status, 200) << parted.text;
  EXPECT_EQ(parted.body["event_count"], 1);
  EXPECT_EQ(parted.body["title"], "disk slow");
  EXPECT_EQ(issue("disk full")["event_count"], 1);
  EXPECT_EQ(post(path("disk full", "/split"), {{"hashes", {second["hash"]}}}).field(), "hashes");
  EXPECT_EQ(post(path("disk full", "/merge"), {{"ids", {id("disk full")}}}).field(), "ids");
  EXPECT_EQ(post(path("disk full", "/merge"), {{"into", 99999999}}).status, 404);
  EXPECT_EQ(post(path("disk full", "/merge")).field(), "ids");
}

TEST_F(ISSUE_05_changes, delete_and_discard) {
  const auto gone = path("disk full");
  EXPECT_EQ(api_.send("DELETE", gone, token_).status, 200);
  EXPECT_EQ(api_.get(gone, token_).status, 404);
  EXPECT_EQ(post(path("disk slow", "/discard")).status, 200);
  const auto discarded = "/api/v1/projects/" + std::to_string(project_) + "/discarded";
  const auto listed = api_.get(discarded, token_).body["data"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["title"], "disk slow");
  const auto hash = listed[0]["hash"].get<std::string>();
  EXPECT_EQ(api_.send("DELETE", discarded + "/xyz", token_).status, 400);
  EXPECT_EQ(api_.send("DELETE", discarded + "/" + hash, token_).status, 200);
  EXPECT_EQ(api_.send("DELETE", discarded + "/" + hash, token_).status, 404);
}

TEST_F(ISSUE_04_changes, owners_are_found_for_new_issues) {
  const auto rules = "/api/v1/projects/" + std::to_string(project_) + "/ownership";
  const auto put = [&](const TestJson& body) { return api_.send("PUT", rules, token_, body.dump()); };
  const auto stored = put({{"text", "tags.team:blue " + ann_email_ + "\npath:src/pay/* " + ann_email_}});
  ASSERT_EQ(stored.status, 200) << stored.text;
  EXPECT_EQ(stored.body["version"], 1);
  EXPECT_EQ(api_.get(rules, reader_).body["text"], stored.body["text"]);
  const auto refused = put({{"text", "path:a nobody@example.com\npath:b"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body["error"]["diagnostics"][0]["line"], 2) << refused.text;
  EXPECT_EQ(put({{"text", "path:a nobody@example.com"}}).body["error"]["diagnostics"][0]["column"], 8);
  EXPECT_EQ(put({{"text", ""}, {"version", 0}}).status, 409);
  EXPECT_EQ(put({{"text", ""}, {"version", 1}}).body["version"], 2);
}

}  // namespace
}  // namespace mesher::api
