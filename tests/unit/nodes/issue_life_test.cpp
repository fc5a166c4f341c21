#include "nodes/issue_life.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

namespace mesher::nodes {
namespace {

constexpr UnixMicros kSecond = 1'000'000, kHour = 3600 * kSecond;
constexpr UnixMicros kNow = UnixMicros{1'800'000'000} * kSecond;

IssueState archived(IssueLife life) {
  return {"archived", "archived_until_condition", std::move(life)};
}

std::vector<LifeEvent> events(int count, UnixMicros at = kNow, std::string_view release = {}, std::int64_t id = 0) {
  return std::vector<LifeEvent>(static_cast<std::size_t>(count), LifeEvent{at, release, id});
}

LifeDecision decide(IssueState state, const std::vector<LifeEvent>& list, std::int64_t count = 1,
                    std::int64_t users = 0, UnixMicros now = kNow) {
  // As it is between two transactions: through its stored form.
  if (state.life) state.life = IssueLife::from_json(state.life->to_json());
  return decide_on_events(std::move(state), list, count, users, now);
}

TEST(ISSUE_02_issue_life, an_event_on_a_resolved_issue_is_a_regression) {
  const auto decision = decide({"resolved", "", std::nullopt}, events(3));
  EXPECT_EQ(decision.step, LifeStep::regressed);
  EXPECT_EQ(decision.state.status, "unresolved");
  EXPECT_EQ(decision.state.substatus, "regressed");
  EXPECT_EQ(decision.event, 0U);
  EXPECT_EQ(decide({"resolved", "", std::nullopt}, {}).step, LifeStep::none);
}

TEST(ISSUE_01_issue_life, open_and_for_ever_archived_issues_stay_what_they_are) {
  EXPECT_EQ(decide({"unresolved", "new", std::nullopt}, events(3)).step, LifeStep::none);
  EXPECT_EQ(decide({"archived", "archived_forever", std::nullopt}, events(3)).step, LifeStep::none);
}

TEST(ISSUE_01_issue_life, resolved_in_the_next_release_asks_for_a_later_one) {
  IssueLife life;
  life.next_release = true;
  life.after_release = 7;
  life.reference = "shop@2.1.0";
  const IssueState state{"resolved", "", life};
  const auto step = [&](std::string_view release, std::int64_t id) {
    return decide(state, events(1, kNow, release, id)).step;
  };
  EXPECT_EQ(step("", 0), LifeStep::none);
  EXPECT_EQ(step("shop@2.1.0", 7), LifeStep::none);
  EXPECT_EQ(step("shop@2.0.9", 0), LifeStep::none) << "an old line, first seen now";
  EXPECT_EQ(step("shop@2.1.0-rc.2", 0), LifeStep::none);
  EXPECT_EQ(step("shop@2.1.1", 0), LifeStep::regressed);
  EXPECT_EQ(step("shop@10.0.0", 8), LifeStep::regressed);
  EXPECT_EQ(step("front@1.0.0", 0), LifeStep::regressed) << "another package: by first sight";
  EXPECT_EQ(step("front@1.0.0", 6), LifeStep::none);
  EXPECT_EQ(step("deadbeef", 0), LifeStep::regressed);
  EXPECT_EQ(step("deadbeef", 7), LifeStep::none);
  const std::vector<LifeEvent> mixed{{kNow, "shop@2.0.0", 3}, {kNow, "shop@2.2.0", 0}};
  EXPECT_EQ(decide(state, mixed).event, 1U);
}

TEST(ISSUE_01_issue_life, archived_until_so_many_events_or_users) {
  IssueLife life;
  life.event_count = 110;
  EXPECT_EQ(decide(archived(life), events(1), 109).step, LifeStep::none);
  const auto decision = decide(archived(life), events(1), 110);
  EXPECT_EQ(decision.step, LifeStep::unarchived);
  EXPECT_EQ(decision.reason, "events");
  EXPECT_EQ(decision.state.substatus, "ongoing");
  EXPECT_FALSE(decision.state.life);
  IssueLife users;
  users.user_count = 5;
  EXPECT_EQ(decide(archived(users), events(1), 1, 4).step, LifeStep::none);
  EXPECT_EQ(decide(archived(users), events(1), 1, 5).reason, "users");
}

TEST(ISSUE_01_issue_life, archived_until_a_time_with_and_without_events) {
  IssueLife life;
  life.time = kNow;
  EXPECT_EQ(decide(archived(life), events(1, kNow - 1), 1, 0, kNow - 1).step, LifeStep::none);
  EXPECT_EQ(decide(archived(life), events(1)).reason, "time");
  EXPECT_EQ(decide_on_waking(archived(life), 0, 0, kNow - 1).step, LifeStep::none);
  EXPECT_EQ(decide_on_waking(archived(life), 0, 0, kNow).reason, "time");
}

TEST(ISSUE_01_issue_life, archived_until_so_many_events_in_a_window) {
  IssueLife life;
  life.window_events = 10;
  life.window_seconds = 60;
  life.window = RateWindow(60);
  auto state = archived(life);
  auto decision = decide(state, events(9));
  EXPECT_EQ(decision.step, LifeStep::none);
  EXPECT_TRUE(decision.store_life);
  // A minute later these count no more …
  decision = decide(decision.state, events(9, kNow + 61 * kSecond), 18, 0, kNow + 61 * kSecond);
  EXPECT_EQ(decision.step, LifeStep::none);
  // … but those of just now do.
  decision = decide(decision.state, events(1, kNow + 80 * kSecond), 19, 0, kNow + 80 * kSecond);
  EXPECT_EQ(decision.reason, "window");
}

TEST(ISSUE_03_issue_life, escalates_above_ten_times_the_usual_and_comes_to_rest_below_half_of_that) {
  IssueLife life;
  life.escalating = life.rearchive = true;
  life.usual = 12;
  life.hour = RateWindow(3600);
  IssueState state{"archived", "archived_until_escalating", life};
  auto decision = decide(state, events(120));
  EXPECT_EQ(decision.step, LifeStep::none);
  decision = decide(decision.state, events(1, kNow + kSecond), 121, 0, kNow + kSecond);
  EXPECT_EQ(decision.step, LifeStep::escalating);
  EXPECT_EQ(decision.state.status, "unresolved");
  EXPECT_EQ(decision.state.substatus, "escalating");
  EXPECT_EQ(decision.hourly, 121);
  ASSERT_TRUE(decision.state.life);
  auto later = decide_on_waking(decision.state, 60, 12, kNow + kHour);
  EXPECT_EQ(later.step, LifeStep::none);
  EXPECT_TRUE(later.wake_at);
  later = decide_on_waking(decision.state, 59, 12, kNow + 2 * kHour);
  EXPECT_EQ(later.step, LifeStep::archived_again);
  EXPECT_EQ(later.state.substatus, "archived_until_escalating");
  // And it counts from nothing again.
  EXPECT_EQ(decide(later.state, events(120, kNow + 2 * kHour), 1, 0, kNow + 2 * kHour).step, LifeStep::none);
}

TEST(ISSUE_03_issue_life, a_small_issue_does_not_escalate_for_a_handful) {
  IssueLife life;
  life.escalating = true;
  life.usual = 0.01;
  life.hour = RateWindow(3600);
  const IssueState state{"archived", "archived_until_escalating", life};
  EXPECT_EQ(decide(state, events(20)).step, LifeStep::none);
  const auto decision = decide(state, events(21));
  EXPECT_EQ(decision.step, LifeStep::escalating);
  EXPECT_FALSE(decision.state.life) << "it is not to be archived again";
}

TEST(ISSUE_01_issue_life, what_is_new_grows_old) {
  for (const char* substatus : {"new", "regressed", "escalating"}) {
    const auto decision = decide_on_waking({"unresolved", substatus, std::nullopt}, 0, 0, kNow);
    EXPECT_EQ(decision.step, LifeStep::aged) << substatus;
    EXPECT_EQ(decision.state.substatus, "ongoing");
  }
}

TEST(ISSUE_01_issue_life, what_cannot_be_read_waits_for_nothing) {
  for (const char* text : {"", "[]", "{", R"({"event_count":"x"})", R"({"window_seconds":60,"window":{"last":"x"}})"}) {
    EXPECT_FALSE(IssueLife::from_json(text)) << text;
  }
  EXPECT_TRUE(IssueLife::from_json("{}"));
}

TEST(ISSUE_01_rate_window, never_counts_what_is_older_and_misses_at_most_a_sixtieth) {
  std::mt19937_64 random(7);
  for (const std::int64_t seconds : {1, 60, 3600, 86'400}) {
    RateWindow window(seconds);
    std::deque<UnixMicros> all;
    UnixMicros at = kNow;
    for (int i = 0; i < 4000; ++i) {
      at += static_cast<UnixMicros>(random() % static_cast<std::uint64_t>(seconds * kSecond / 20));
      if (random() % 200 == 0) at += seconds * kSecond * 2;
      const auto back = static_cast<UnixMicros>(random() % static_cast<std::uint64_t>(seconds * kSecond / 10));
      window.add(at - back);  // not quite in order
      all.push_back(at - back);
      const auto within = [&](UnixMicros length) {
        return std::count_if(all.begin(), all.end(), [&](UnixMicros one) { return one > at - length; });
      };
      const auto length = seconds * kSecond;
      EXPECT_LE(window.total(at), within(length)) << seconds;
      EXPECT_GE(window.total(at), within(length - length / 60 - 60)) << seconds;
    }
  }
}

}  // namespace
}  // namespace mesher::nodes
