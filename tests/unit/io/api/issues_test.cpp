#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "io/api/times.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr UnixMicros kHour = 3600 * kSecond;

/// A project of its own, and a token for it.
class IssuesTest : public testing::Test {
 protected:
  IssuesTest() {
    const auto org = db_.add_org(unique_name("org"));
    const auto user = db_.add_user(unique_name("user") + "@example.com");
    db_.add_member(org, user);
    token_ = db_.add_token(user);
    project_ = db_.add_project(org, unique_name("shop"));
  }

  /// An event that happened `ago` and has just been received.
  TestDatabase::Sent event(const std::string& group, UnixMicros ago, const std::string& level = "error",
                           const std::string& user = {}) {
    TestJson payload{{"message", group}, {"level", level}, {"timestamp", rfc3339(now_ - ago)}};
    if (!user.empty()) payload["user"] = {{"id", user}};
    return {payload.dump(), now_, group};
  }

  std::string issues() const { return "/api/v1/projects/" + std::to_string(project_) + "/issues"; }
  Answer list(const std::string& query) { return api_.get(issues() + query, token_); }
  static std::vector<std::string> titles(const Answer& answer) {
    std::vector<std::string> all;
    for (const auto& issue : answer.body["data"]) all.push_back(issue["title"]);
    return all;
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  UnixMicros now_ = SystemClock().now();
  std::uint32_t project_ = 0;
  std::string token_;
};
using GROUP_05_issues = IssuesTest;
using SEARCH_01_issues = IssuesTest;
using SEARCH_04_issues = IssuesTest;
using SEARCH_05_issues = IssuesTest;
using DASH_05_timeline = IssuesTest;
using Titles = std::vector<std::string>;

TEST_F(GROUP_05_issues, are_shown_with_all_their_fields) {
  db_.store(project_,
            {event("disk full", 50 * kSecond, "error", "ann"), event("disk full", 5 * kSecond, "fatal", "bob"),
             event("disk full", 20 * kSecond, "error", "ann")});
  const auto answer = list("");
  ASSERT_EQ(answer.status, 200) << answer.text;
  ASSERT_EQ(answer.body["data"].size(), 1U);
  const auto& issue = answer.body["data"][0];
  EXPECT_EQ(issue["title"], "disk full");
  EXPECT_EQ(issue["event_count"], 3);
  EXPECT_EQ(issue["user_count"], 2);
  EXPECT_EQ(issue["first_seen"], rfc3339(now_ - 50 * kSecond));
  EXPECT_EQ(issue["last_seen"], rfc3339(now_ - 5 * kSecond));
  EXPECT_EQ(issue["level"], "fatal");
  EXPECT_EQ(issue["status"], "unresolved");
  EXPECT_EQ(issue["is_regressed"], false);
  EXPECT_TRUE(issue["assigned_to"].is_null());
  EXPECT_EQ(issue["fingerprint"].get<std::string>().size(), 32U);
  EXPECT_EQ(issue["sparkline"].size(), 24U);
  EXPECT_EQ(issue["sparkline"][23].get<int>() + issue["sparkline"][22].get<int>(), 3);
  const auto short_id = issue["short_id"].get<std::string>();
  EXPECT_EQ(short_id.rfind("SHOP-", 0), 0U) << short_id;
  EXPECT_EQ(short_id.substr(short_id.size() - 2), "-1");
  EXPECT_TRUE(answer.body["next_cursor"].is_null());

  const auto one = api_.get("/api/v1/issues/" + std::to_string(issue["id"].get<std::int64_t>()), token_);
  EXPECT_EQ(one.body, issue);
}

TEST_F(GROUP_05_issues, without_a_stored_event_do_not_exist) {
  db_.store(project_, {event("seen", kSecond)});
  db_.sql("update issues set event_count = 0 where project_id = " + std::to_string(project_));
  EXPECT_TRUE(list("").body["data"].empty());
  EXPECT_EQ(api_.get("/api/v1/issues/" + std::to_string(db_.issue_of(project_, "seen")), token_).status, 404);
}

TEST_F(SEARCH_05_issues, come_in_every_order_and_page_by_page_exactly_once) {
  std::vector<TestDatabase::Sent> events;
  for (int i = 0; i < 30; ++i) {
    // Many equal values, so that the id must decide.
    for (int n = 0; n <= i % 3; ++n) {
      events.push_back(event("issue " + std::to_string(i), (i % 5) * kSecond, "error", "user " + std::to_string(n)));
    }
  }
  db_.store(project_, events);
  for (const std::string sort : {"last_seen", "first_seen", "event_count", "frequency", "user_count", "users"}) {
    const auto all = api_.all_pages(issues() + "?limit=7&sort=" + sort, token_);
    ASSERT_EQ(all.size(), 30U) << sort;
    std::set<std::int64_t> ids;
    const std::string field = sort == "frequency" ? "event_count" : sort == "users" ? "user_count" : sort;
    for (std::size_t i = 0; i < all.size(); ++i) {
      ids.insert(all[i]["id"].get<std::int64_t>());
      EXPECT_GE(all[i == 0 ? 0 : i - 1][field], all[i][field]) << sort;
    }
    EXPECT_EQ(ids.size(), 30U) << sort;
  }
}

TEST_F(SEARCH_05_issues, a_page_is_not_disturbed_by_what_arrives_meanwhile) {
  std::vector<TestDatabase::Sent> events;
  for (int i = 0; i < 6; ++i) events.push_back(event("issue " + std::to_string(i), (10 + i) * kSecond));
  db_.store(project_, events);
  const auto first = list("?limit=3");
  db_.store(project_, {event("newcomer", 0)});
  const auto second = list("?limit=3&cursor=" + first.body["next_cursor"].get<std::string>());
  EXPECT_EQ(titles(first), (Titles{"issue 0", "issue 1", "issue 2"}));
  EXPECT_EQ(titles(second), (Titles{"issue 3", "issue 4", "issue 5"}));
  EXPECT_TRUE(second.body["next_cursor"].is_null());
}

TEST_F(SEARCH_05_issues, a_cursor_belongs_to_its_project_order_and_query) {
  db_.store(project_, {event("a", kSecond), event("b", 2 * kSecond)});
  const auto cursor = list("?limit=1").body["next_cursor"].get<std::string>();
  EXPECT_EQ(list("?limit=1&cursor=" + cursor).status, 200);
  for (const std::string query : {"?sort=first_seen&cursor=", "?query=a&cursor=", "?cursor=x"}) {
    const auto answer = list(query + cursor);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.code(), "invalid_cursor") << query;
    EXPECT_EQ(answer.field(), "cursor") << query;
  }
}

TEST_F(SEARCH_01_issues, are_found_by_state_level_and_words) {
  db_.store(project_, {event("Disk 100% full", 4 * kSecond, "error"), event("disk_slow", 3 * kSecond, "warning"),
                       event("user gone", 2 * kSecond, "error"), event("user back", kSecond, "info")});
  const auto set_status = [&](const std::string& group, const std::string& status) {
    db_.sql("update issues set status = '" + status + "' where id = " + std::to_string(db_.issue_of(project_, group)));
  };
  set_status("user gone", "resolved");
  set_status("user back", "archived");
  const auto found = [&](const std::string& query) { return titles(list("?query=" + encoded(query))); };
  EXPECT_EQ(found(""), (Titles{"user back", "user gone", "disk_slow", "Disk 100% full"}));
  EXPECT_EQ(found("is:unresolved"), (Titles{"disk_slow", "Disk 100% full"}));
  EXPECT_EQ(found("is:resolved"), Titles{"user gone"});
  EXPECT_EQ(found("is:archived"), Titles{"user back"});
  EXPECT_EQ(found("level:error"), (Titles{"user gone", "Disk 100% full"}));
  EXPECT_EQ(found("level:error is:unresolved"), Titles{"Disk 100% full"});
  EXPECT_EQ(found("DISK"), (Titles{"disk_slow", "Disk 100% full"}));
  EXPECT_EQ(found("full disk"), Titles{"Disk 100% full"});
  EXPECT_EQ(found("\"disk full\""), Titles{});
  // Taken literally, not as patterns, and found where a word begins.
  EXPECT_EQ(found("\"% full\""), Titles{"Disk 100% full"});
  EXPECT_EQ(found("0%"), Titles{});
  EXPECT_EQ(found("disk_"), Titles{"disk_slow"});
  EXPECT_EQ(found("disk\\"), Titles{});
}

TEST_F(SEARCH_01_issues, a_query_with_a_mistake_is_answered_with_its_place) {
  const auto answer = list("?query=" + encoded("disk is:open"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "invalid_query");
  EXPECT_EQ(answer.field(), "query");
  EXPECT_NE(answer.text.find("position 9"), std::string::npos) << answer.text;
}

TEST_F(SEARCH_04_issues, are_those_of_the_last_24_hours_unless_asked_otherwise) {
  auto old = event("old", 30 * kHour);
  old.received = now_ - 30 * kHour;
  db_.store(project_, {event("fresh", kHour), old});
  EXPECT_EQ(titles(list("")), Titles{"fresh"});
  EXPECT_EQ(titles(list("?from=" + rfc3339(now_ - 31 * kHour))), (Titles{"fresh", "old"}));
  EXPECT_EQ(titles(list("?from=" + rfc3339(now_ - 31 * kHour) + "&to=" + rfc3339(now_ - 2 * kHour))), Titles{"old"});
}

TEST_F(SEARCH_04_issues, of_which_an_event_came_late_are_in_the_list_though_it_happened_long_ago) {
  db_.store(project_, {event("late", 700 * kHour)});
  EXPECT_EQ(titles(list("")), Titles{"late"});
  EXPECT_EQ(list("").body["data"][0]["last_seen"], rfc3339(now_ - 700 * kHour));
  EXPECT_EQ(titles(list("?query=last_seen:-1d")), Titles{});
}

TEST_F(DASH_05_timeline, has_every_bucket_and_adds_up) {
  std::vector<TestDatabase::Sent> events;
  for (int hours : {0, 0, 1, 5, 5, 5, 23}) {
    auto sent = event("steady", 0);
    sent.received = now_ - hours * kHour;
    events.push_back(sent);
  }
  db_.store(project_, events);
  const auto path = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "steady")) + "/timeline";
  const auto hourly = api_.get(path, token_);
  ASSERT_EQ(hourly.status, 200) << hourly.text;
  const auto& points = hourly.body["data"];
  ASSERT_EQ(points.size(), 25U);
  EXPECT_EQ(points[24]["start"], rfc3339(now_ / kHour * kHour));
  const std::size_t last = 24;
  EXPECT_EQ(points[last]["events"], 2);
  EXPECT_EQ(points[last - 1]["events"], 1);
  EXPECT_EQ(points[last - 5]["events"], 3);
  EXPECT_EQ(points[last - 23]["events"], 1);
  EXPECT_EQ(points[last - 2]["events"], 0);

  const auto daily = api_.get(path + "?bucket=day", token_);
  ASSERT_EQ(daily.status, 200);
  int total = 0;
  for (const auto& point : daily.body["data"]) total += point["events"].get<int>();
  EXPECT_EQ(total, 7);
  EXPECT_EQ(daily.body["data"].size(), 31U);
}

TEST_F(DASH_05_timeline, refuses_what_it_cannot_show) {
  db_.store(project_, {event("steady", 0)});
  const auto path = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "steady")) + "/timeline";
  EXPECT_EQ(api_.get(path + "?bucket=minute", token_).field(), "bucket");
  EXPECT_EQ(api_.get(path + "?from=0", token_).field(), "from");
  EXPECT_EQ(api_.get(path + "?from=9999-01-01T00:00:00Z", token_).body["data"].size(), 0U);
}

}  // namespace
}  // namespace mesher::api
