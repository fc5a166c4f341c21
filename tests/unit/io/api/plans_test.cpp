#include <gtest/gtest.h>

#include <map>

#include "io/api/times.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kDay = 86'400'000'000;

/// Fills a few days and counts, by PostgreSQL's own statistics, what the API's queries touch in them.
class SEARCH_05_plans : public testing::Test {
 protected:
  SEARCH_05_plans() {
    const auto org = org_ = db_.add_org(unique_name("org"));
    const auto user = db_.add_user(unique_name("user") + "@example.com");
    db_.add_member(org, user);
    token_ = db_.add_token(user);
    project_ = db_.add_project(org, unique_name("busy"));
    for (int day = 0; day < 4; ++day) {
      std::vector<TestDatabase::Sent> events;
      for (int i = 0; i < 3000; ++i) {
        const auto group = "group " + std::to_string(i % 4);
        TestJson payload{
            {"message", group}, {"tags", {{"region", i % 2 ? "eu" : "us"}}}, {"environment", "production"}};
        payload["user"]["id"] = std::to_string(i % 500);
        if (day == 2 && i == 7) payload["message"] = "a quagga in " + group;
        events.push_back({payload.dump(), now_ - day * kDay - i * 1000, group});
      }
      sample_ = events[1234].id.hex();
      db_.store(project_, events);
    }
    for (const char* table : {"events", "event_blocks", "issues", "issue_texts", "issue_tags", "issue_hours",
                              "issue_days", "project_hours", "tag_days", "tag_key_days", "tag_hours"}) {
      db_.sql(std::string("analyze ") + table);
    }
  }

  std::int64_t figure(const std::string& column, const std::string& tables) {
    db_.sql("select pg_stat_force_next_flush()");
    db_.sql("select pg_stat_clear_snapshot()");
    return std::stoll(db_.sql("select sum(coalesce(" + column +
                              ", 0))::bigint from pg_stat_user_tables where relname ~ '" + tables + "'"));
  }

  static std::string day_text(UnixMicros time) {
    auto text = iso_day(time);
    std::erase(text, '-');
    return text;
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  UnixMicros now_ = SystemClock().now();
  std::uint32_t project_ = 0, org_ = 0;
  std::string token_, sample_;
};

TEST_F(SEARCH_05_plans, never_scan_a_partition_of_events_and_touch_little_more_than_they_show) {
  const auto issue = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "group 3"));
  const auto project = "/api/v1/projects/" + std::to_string(project_);
  const auto cursor = api_.get(issue + "/events?limit=20", token_).body["next_cursor"].get<std::string>();
  const std::vector<std::string> targets{project + "/events",
                                         project + "/events?from=" + rfc3339(now_ - 3 * kDay),
                                         issue + "/events",
                                         issue + "/events?cursor=" + cursor,
                                         "/api/v1/events/" + sample_,
                                         project + "/issues",
                                         issue,
                                         project + "/events?query=group",
                                         project + "/events?query=region:us",
                                         project + "/events?query=quagga&from=" + rfc3339(now_ - 3 * kDay),
                                         project + "/events?query=is:unresolved%20level:error",
                                         project + "/events?query=-quagga",
                                         issue + "/events?query=group",
                                         project + "/issues?query=group&sort=frequency",
                                         project + "/issues?query=region:us%20environment:production&sort=trend",
                                         project + "/issues?query=type:x%20OR%20stack.function:y&sort=users",
                                         issue + "/timeline",
                                         project + "/tags",
                                         project + "/tags/region/values",
                                         project + "/dashboard/volume?bucket=day&tz=Europe/Berlin",
                                         project + "/dashboard/volume?environment=production",
                                         project + "/dashboard/levels",
                                         project + "/dashboard/top-issues?from=" + rfc3339(now_ - 3 * kDay),
                                         project + "/dashboard/tags?key=region",
                                         project + "/dashboard/health",
                                         project + "/outcomes",
                                         "/api/v1/orgs/" + std::to_string(org_) + "/overview"};
  // Days with a handful of events, of other tests, may well be read whole: that is what the bound on rows is for.
  std::string days = day_text(now_);
  for (int day = 1; day < 4; ++day) days += "|" + day_text(now_ - day * kDay);
  const std::string filled = "^events_(" + days + ")$";
  const std::string every = "^events_[0-9]";
  const auto rows_read = [&] { return figure("idx_tup_fetch", every) + figure("seq_tup_read", every); };
  // Four blocks of 256 events are looked into at once.
  for (int round = 0; round < 8; ++round) {  // generic plans come after five
    for (const auto& target : targets) {
      const auto scans = figure("seq_scan", filled);
      const auto rows = rows_read();
      ASSERT_EQ(api_.get(target, token_).status, 200) << target;
      EXPECT_EQ(figure("seq_scan", filled), scans) << target << " round " << round;
      EXPECT_LE(rows_read() - rows, 1100) << target << " round " << round;
    }
  }
}

TEST_F(SEARCH_05_plans, the_tags_of_an_issue_look_at_a_bounded_number_of_its_latest_events) {
  const auto issue = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "group 3"));
  const std::string every = "^events_[0-9]";
  const auto rows_read = [&] { return figure("idx_tup_fetch", every) + figure("seq_tup_read", every); };
  const auto before = rows_read();
  const auto scans = figure("idx_scan", "^events_" + day_text(now_ - 3 * kDay));
  ASSERT_EQ(api_.get(issue + "/tags", token_).status, 200);
  EXPECT_LE(rows_read() - before, 1600);  // a thousand, and the rest of the hour where they end
  EXPECT_EQ(figure("idx_scan", "^events_" + day_text(now_ - 3 * kDay)), scans);
}

TEST_F(SEARCH_05_plans, the_events_of_a_user_are_found_by_the_blocks_that_have_some) {
  const auto project = "/api/v1/projects/" + std::to_string(project_);
  const auto answer = api_.get(project + "/events?query=user.id:77&from=" + rfc3339(now_ - 5 * kDay), token_);
  EXPECT_EQ(answer.body["data"].size(), 24U);
  EXPECT_EQ(api_.get(project + "/issues?query=user.id:77", token_).body["data"].size(), 1U);
}

TEST_F(SEARCH_05_plans, look_only_into_the_days_that_are_asked_for) {
  const auto old = "^events_" + day_text(now_ - 3 * kDay);
  const auto before = figure("idx_scan", old);
  EXPECT_EQ(api_.get("/api/v1/projects/" + std::to_string(project_) + "/events", token_).status, 200);
  EXPECT_EQ(figure("idx_scan", old), before);
}

}  // namespace
}  // namespace mesher::api
