#include <gtest/gtest.h>

#include <map>
#include <random>

#include "io/api/times.hpp"
#include "test_api.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kHour = 3'600'000'000;
constexpr UnixMicros kDay = 24 * kHour;

/// A few hundred random events over five days; every sum is compared with counting them.
class DashboardTest : public testing::Test {
 protected:
  struct Fact {
    UnixMicros received;
    std::string level, environment, release, group, region;
  };

  DashboardTest() {
    org_ = db_.add_org(unique_name("org"));
    const auto user = db_.add_user(unique_name("user") + "@example.com");
    db_.add_member(org_, user);
    token_ = db_.add_token(user);
    project_ = db_.add_project(org_, unique_name("shop"));
    std::mt19937 random(7);
    const auto pick = [&](std::vector<std::string> from) { return from[random() % from.size()]; };
    for (int batch = 0; batch < 4; ++batch) {
      std::vector<TestDatabase::Sent> sent;
      for (int i = 0; i < 100; ++i) {
        Fact fact{now_ - static_cast<UnixMicros>(random() % (5 * 24 * 60)) * 60'000'000,
                  pick({"debug", "info", "warning", "error", "fatal"}),
                  pick({"", "production", "staging"}),
                  pick({"", "1.0", "2.0"}),
                  pick({"a", "b", "c", "d"}),
                  pick({"eu", "us"})};
        TestJson payload{{"message", fact.group}, {"level", fact.level}, {"tags", {{"region", fact.region}}}};
        if (!fact.environment.empty()) payload["environment"] = fact.environment;
        if (!fact.release.empty()) payload["release"] = fact.release;
        payload["user"]["id"] = std::to_string(random() % 50);
        sent.push_back({payload.dump(), fact.received, fact.group});
        facts_.push_back(fact);
      }
      db_.store(project_, sent);
    }
  }

  template <class Test>
  std::int64_t count(UnixMicros from, UnixMicros to, Test test) const {
    std::int64_t n = 0;
    for (const auto& fact : facts_) n += fact.received >= from && fact.received < to && test(fact) ? 1 : 0;
    return n;
  }
  std::string path(const std::string& what) const {
    return "/api/v1/projects/" + std::to_string(project_) + "/dashboard/" + what;
  }
  Answer get(const std::string& what) {
    auto answer = api_.get(path(what), token_);
    EXPECT_EQ(answer.status, 200) << what << ": " << answer.text;
    return answer;
  }
  static std::string range(UnixMicros from, UnixMicros to) { return "from=" + rfc3339(from) + "&to=" + rfc3339(to); }

  /// Each bucket of a timeline against counting; all of it must be there.
  template <class Test>
  void expect_buckets(const std::string& target, Test test, std::int64_t all) {
    const auto answer = api_.get(target, token_);
    ASSERT_EQ(answer.status, 200) << target << answer.text;
    const auto& data = answer.body["data"];
    ASSERT_GT(data.size(), 0U);
    std::int64_t total = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
      const auto start = *parse_time(data[i]["start"].get<std::string>());
      const auto end = i + 1 < data.size() ? *parse_time(data[i + 1]["start"].get<std::string>()) : now_ + kDay;
      EXPECT_EQ(data[i]["events"], count(start, end, test)) << target << data[i];
      total += data[i]["events"].get<std::int64_t>();
    }
    EXPECT_EQ(total, all) << target;
    EXPECT_EQ(answer.body["total"], all) << target;
  }

  TestApi api_;
  TestDatabase& db_ = api_.database;
  UnixMicros now_ = SystemClock().now() / 60'000'000 * 60'000'000;
  std::uint32_t project_ = 0, org_ = 0;
  std::string token_;
  std::vector<Fact> facts_;
};
using DASH_01_volume = DashboardTest;
using DASH_02_levels = DashboardTest;
using DASH_03_top_issues = DashboardTest;
using DASH_04_tags = DashboardTest;
using DASH_05_issue_timeline = DashboardTest;
using DASH_06_health = DashboardTest;

TEST_F(DASH_01_volume, equals_counting_by_hour_and_by_day) {
  const auto any = [](const Fact&) { return true; };
  const auto all = static_cast<std::int64_t>(facts_.size());
  expect_buckets(path("volume?") + range(now_ - 6 * kDay, now_ + kHour), any, all);
  expect_buckets(path("volume?bucket=day"), any, all);
  for (const char* zone : {"Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"}) {
    expect_buckets(path("volume?bucket=day&tz=") + zone, any, all);
  }
  EXPECT_EQ(get("volume?").body["data"].size(), 25U);
  EXPECT_EQ(get("volume?bucket=day&tz=Asia/Kolkata").body["total"], all);
}

TEST_F(DASH_01_volume, can_be_of_one_environment_release_or_some_levels) {
  const auto with = [this](auto test) { return count(0, now_ + kDay, test); };
  const auto production = [](const Fact& fact) { return fact.environment == "production"; };
  expect_buckets(path("volume?bucket=day&environment=production&tz=Asia/Tokyo"), production, with(production));
  const auto release = [](const Fact& fact) { return fact.release == "2.0"; };
  expect_buckets(path("volume?release=2.0&") + range(now_ - 6 * kDay, now_ + kHour), release, with(release));
  const auto bad = [](const Fact& fact) { return fact.level == "error" || fact.level == "fatal"; };
  expect_buckets(path("volume?bucket=day&level=error,fatal"), bad, with(bad));
  const auto both = api_.get(path("volume?environment=production&level=error"), token_);
  EXPECT_EQ(both.status, 400);
  EXPECT_NE(both.text.find("only one of"), std::string::npos) << both.text;
}

TEST_F(DASH_02_levels, equal_counting) {
  const auto answer = get("levels?bucket=day");
  std::map<std::string, std::int64_t> sums;
  for (const auto& bucket : answer.body["data"]) {
    for (const auto& [level, events] : bucket["levels"].items()) sums[level] += events.get<std::int64_t>();
  }
  for (const std::string level : {"debug", "info", "warning", "error", "fatal"}) {
    const auto counted = count(0, now_ + kDay, [&](const Fact& fact) { return fact.level == level; });
    EXPECT_EQ(sums[level], counted) << level;
    EXPECT_EQ(answer.body["totals"][level], counted) << level;
  }
}

TEST_F(DASH_03_top_issues, are_ranked_by_the_events_of_exactly_the_range) {
  const UnixMicros end = now_ / kHour * kHour;
  for (const auto& [from, to] : std::vector<std::pair<UnixMicros, UnixMicros>>{
           {end - 5 * kHour, end}, {end - 3 * kDay - 7 * kHour, end - 9 * kHour}, {end - 6 * kDay, end + kHour}}) {
    const auto answer = get("top-issues?" + range(from, to));
    std::int64_t last = 1'000'000;
    std::size_t expected = 0;
    for (const auto& entry : answer.body["data"]) {
      const auto group = entry["issue"]["title"].get<std::string>();
      EXPECT_EQ(entry["events"], count(from, to, [&](const Fact& fact) { return fact.group == group; })) << group;
      EXPECT_LE(entry["events"], last);
      last = entry["events"].get<std::int64_t>();
    }
    for (const std::string group : {"a", "b", "c", "d"}) {
      expected += count(from, to, [&](const Fact& fact) { return fact.group == group; }) > 0 ? 1 : 0;
    }
    EXPECT_EQ(answer.body["data"].size(), expected);
  }
  EXPECT_EQ(get("top-issues?limit=2&" + range(end - 6 * kDay, end)).body["data"].size(), 2U);
}

TEST_F(DASH_04_tags, equal_counting_by_the_hour_or_by_the_day) {
  const UnixMicros end = now_ / kHour * kHour;
  const auto environments = get("tags?key=environment&" + range(end - 40 * kHour, end - 3 * kHour));
  for (const auto& value : environments.body["data"]) {
    const auto name = value["value"].get<std::string>();
    EXPECT_EQ(value["events"],
              count(end - 40 * kHour, end - 3 * kHour, [&](const Fact& fact) { return fact.environment == name; }));
  }
  EXPECT_EQ(environments.body["data"].size(), 2U);
  const auto regions = get("tags?key=region&" + range(end - 40 * kHour, end));
  const auto from = *parse_time(regions.body["from"].get<std::string>());
  const auto to = *parse_time(regions.body["to"].get<std::string>());
  EXPECT_EQ(from % kDay, 0);
  EXPECT_EQ(to % kDay, 0);
  for (const auto& value : regions.body["data"]) {
    const auto name = value["value"].get<std::string>();
    EXPECT_EQ(value["events"], count(from, to, [&](const Fact& fact) { return fact.region == name; }));
  }
  EXPECT_EQ(regions.body["data"].size(), 2U);
}

TEST_F(DASH_05_issue_timeline, equals_counting_in_the_viewers_days) {
  const auto target = "/api/v1/issues/" + std::to_string(db_.issue_of(project_, "a")) + "/timeline";
  const auto of_a = [](const Fact& fact) { return fact.group == "a"; };
  expect_buckets(target + "?bucket=day&tz=Europe/Berlin", of_a, count(0, now_ + kDay, of_a));
  EXPECT_EQ(api_.get(target + "?environment=production", token_).field(), "environment");
}

TEST_F(DASH_06_health, and_the_overview_add_up) {
  const auto health = get("health").body;
  const UnixMicros first = now_ / kHour * kHour - 23 * kHour;
  EXPECT_EQ(health["unresolved"], 4);
  EXPECT_EQ(health["events_24h"], count(first, now_ + kDay, [](const Fact&) { return true; }));
  EXPECT_GE(health["users"]["last_7_days"].get<int>(), 48);
  EXPECT_LE(health["users"]["last_7_days"].get<int>(), 52);
  EXPECT_LE(health["users"]["today"], health["users"]["last_7_days"]);
  const auto empty = db_.add_project(org_, unique_name("quiet"));
  const auto overview = api_.get("/api/v1/orgs/" + std::to_string(org_) + "/overview?tz=Europe/Berlin", token_);
  ASSERT_EQ(overview.status, 200) << overview.text;
  ASSERT_EQ(overview.body["data"].size(), 2U);
  EXPECT_EQ(overview.body["data"][0]["events_24h"], health["events_24h"]);
  EXPECT_EQ(overview.body["data"][0]["unresolved"], 4);
  EXPECT_EQ(overview.body["data"][1]["project"]["id"], empty);
  EXPECT_EQ(overview.body["data"][1]["events_24h"], 0);
}

TEST_F(DASH_01_volume, refuses_bad_ranges_and_zones) {
  for (const char* bad :
       {"bucket=week", "tz=Mars/Olympus", "tz=Europe/Berlin'--", "tz=%2B02", "tz=", "tz=EST5", "from=0",
        "from=99999-01-01T00:00:00Z", "to=0000-01-01T00:00:00Z", "level=loud", "level=", "from=x"}) {
    const auto answer = api_.get(path("volume?") + bad, token_);
    EXPECT_EQ(answer.status, 400) << bad << answer.text;
    EXPECT_EQ(answer.field(), std::string(bad).substr(0, std::string(bad).find('='))) << bad;
  }
  EXPECT_EQ(get("volume?" + range(now_, now_ - kDay)).body["data"].size(), 0U);
}

}  // namespace
}  // namespace mesher::api
