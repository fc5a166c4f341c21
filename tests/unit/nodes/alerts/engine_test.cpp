#include "nodes/alerts/engine.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <thread>

#include "nodes/alerts/preview.hpp"

namespace mesher::nodes::alerts {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr UnixMicros kStart = 1'800'000'000 * kSecond;

Rule rule_of(std::int64_t id, Kind kind, double threshold = 0, std::int64_t window = 0) {
  Rule rule;
  rule.project_id = 1;
  rule.id = id;
  rule.condition.kind = kind;
  rule.condition.threshold = threshold;
  rule.condition.window_seconds = window;
  return rule;
}

/// An engine with rules whose windows know no past, and events that stay alive.
struct Fixture {
  explicit Fixture(std::vector<Rule> rules = {}) { exchange(std::move(rules)); }

  void exchange(std::vector<Rule> rules, std::vector<Known> known = {}) {
    for (const auto& window : engine.exchange(1, rules, known)) engine.fill(window, {});
  }
  Event* event(UnixMicros at, std::int64_t issue = 1) {
    auto& made = events.emplace_back();
    made.project_id = 1;
    made.issue_id = issue;
    made.received = at;
    made.id = EventId::random();
    return &made;
  }
  Counted count(std::vector<Event*> batch, std::vector<Happening::Issue> issues = {},
                std::vector<Happening::Release> releases = {}) {
    return engine.count({batch, issues, releases});
  }
  /// Counts and stores; how many fired.
  std::vector<Firing> store(std::vector<Event*> batch, std::vector<Happening::Issue> issues = {},
                            std::vector<Happening::Release> releases = {}) {
    auto counted = count(std::move(batch), std::move(issues), std::move(releases));
    counted.keep();
    return counted.firings;
  }
  std::vector<Event*> burst(int n, UnixMicros at, std::int64_t issue = 1) {
    std::vector<Event*> batch;
    for (int i = 0; i < n; ++i) batch.push_back(event(at, issue));
    return batch;
  }

  Engine engine;
  std::deque<Event> events;
};

TEST(ALERT_02_engine, fires_once_when_the_count_is_reached_and_names_the_event) {
  Fixture f({rule_of(7, Kind::event_count, 3, 60)});
  EXPECT_TRUE(f.store(f.burst(2, kStart)).empty());
  const auto fired = f.store(f.burst(1, kStart + kSecond));
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].rule_id, 7);
  EXPECT_EQ(fired[0].key, "project");
  EXPECT_EQ(fired[0].value, 3);
  EXPECT_EQ(fired[0].event_id, f.events.back().id);
  EXPECT_TRUE(f.store(f.burst(50, kStart + 2 * kSecond)).empty());
}

TEST(ALERT_02_engine, what_is_older_than_the_window_does_not_count) {
  Fixture f({rule_of(1, Kind::event_count, 3, 60)});
  EXPECT_TRUE(f.store(f.burst(2, kStart)).empty());
  EXPECT_TRUE(f.store(f.burst(2, kStart + 60 * kSecond)).empty());
  EXPECT_EQ(f.store(f.burst(1, kStart + 90 * kSecond)).size(), 1U);
}

TEST(ALERT_02_engine, a_crossing_inside_a_batch_that_spans_hours_is_seen) {
  Fixture f({rule_of(1, Kind::event_count, 3, 60)});
  auto batch = f.burst(3, kStart);
  for (int i = 1; i < 100; ++i) batch.push_back(f.event(kStart + i * 120 * kSecond));
  EXPECT_EQ(f.store(batch).size(), 1U);
}

TEST(ALERT_02_engine, what_is_not_stored_is_taken_back) {
  Fixture f({rule_of(1, Kind::event_count, 3, 60)});
  {
    const auto lost = f.count(f.burst(3, kStart));
    EXPECT_EQ(lost.firings.size(), 1U);
  }
  EXPECT_TRUE(f.store(f.burst(2, kStart)).empty());
  EXPECT_EQ(f.store(f.burst(1, kStart)).size(), 1U);
}

TEST(ALERT_02_engine, counts_per_issue_and_per_tag_value) {
  auto per_issue = rule_of(1, Kind::event_count, 2, 60);
  per_issue.condition.per = Per::issue;
  auto per_tag = rule_of(2, Kind::event_count, 2, 60);
  per_tag.condition.per = Per::tag;
  per_tag.condition.tag = "region";
  Fixture f({per_issue, per_tag});
  const std::vector<Tag> eu{{"region", "eu"}}, us{{"region", "us"}};
  auto* first = f.event(kStart, 1);
  first->tags = eu;
  auto* second = f.event(kStart, 2);
  second->tags = us;
  EXPECT_TRUE(f.store({first, second}).empty());
  auto* third = f.event(kStart, 2);
  third->tags = eu;
  const auto fired = f.store({third});
  ASSERT_EQ(fired.size(), 2U);
  EXPECT_EQ(fired[0].key, "issue:2");
  EXPECT_EQ(fired[0].issue_id, 2);
  EXPECT_EQ(fired[1].key, "region:eu");
}

TEST(ALERT_02_engine, counts_users_once_and_rates_by_the_minute) {
  auto users = rule_of(1, Kind::user_count, 2, 60);
  auto rate = rule_of(2, Kind::event_rate, 6, 30);  // three in half a minute
  Fixture f({users, rate});
  const auto by = [&](std::string_view user) {
    auto* event = f.event(kStart);
    event->user.id = user;
    return event;
  };
  EXPECT_TRUE(f.store({by("ann"), by("ann")}).empty());
  const auto fired = f.store({by("bob")});
  ASSERT_EQ(fired.size(), 2U);
  EXPECT_EQ(fired[0].value, 2);
  EXPECT_EQ(fired[1].value, 6);
}

TEST(ALERT_01_engine, only_events_that_pass_the_filter_count) {
  auto rule = rule_of(1, Kind::event_count, 1, 60);
  rule.filter = "environment:production";
  Fixture f({rule});
  auto* other = f.event(kStart);
  other->environment = "staging";
  EXPECT_TRUE(f.store({other}).empty());
  auto* right = f.event(kStart);
  right->environment = "production";
  EXPECT_EQ(f.store({right}).size(), 1U);
}

TEST(ALERT_03_engine, new_issues_regressions_escalations_and_releases) {
  Fixture f({rule_of(1, Kind::new_issue), rule_of(2, Kind::regression), rule_of(3, Kind::escalation),
             rule_of(4, Kind::new_release)});
  EXPECT_TRUE(f.engine.awaits_releases(1));
  auto* event = f.event(kStart, 5);
  event->release = "1.0";
  const auto fired = f.store({event}, {{1, 5, true, false, false}}, {{1, "1.0", kStart}});
  ASSERT_EQ(fired.size(), 2U);
  EXPECT_EQ(fired[0].key, "issue:5");
  EXPECT_EQ(fired[1].key, "release:1.0");
  const auto again = f.store({f.event(kStart, 5)}, {{1, 5, false, true, true}});
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].rule_id, 2);
  EXPECT_EQ(again[1].rule_id, 3);
}

TEST(ALERT_05_engine, an_open_alert_is_not_fired_again_and_a_cooldown_holds) {
  auto rule = rule_of(1, Kind::event_count, 1, 60);
  rule.cooldown_seconds = 600;
  Fixture f({rule});
  EXPECT_EQ(f.store(f.burst(1, kStart)).size(), 1U);
  EXPECT_TRUE(f.store(f.burst(1, kStart + kSecond)).empty());
  f.engine.learn(1, std::vector<Known>{{1, "project", false, kStart}});  // it was resolved
  EXPECT_TRUE(f.store(f.burst(1, kStart + 2 * kSecond)).empty());
  EXPECT_TRUE(f.store(f.burst(1, kStart + 599 * kSecond)).empty());
  EXPECT_EQ(f.store(f.burst(1, kStart + 601 * kSecond)).size(), 1U);
}

TEST(ALERT_05_engine, a_cooldown_that_ends_while_it_still_burns_fires_without_an_event) {
  auto rule = rule_of(1, Kind::event_count, 2, 3600);
  rule.cooldown_seconds = 60;
  Fixture f({rule});
  EXPECT_EQ(f.store(f.burst(2, kStart)).size(), 1U);
  f.engine.learn(1, std::vector<Known>{{1, "project", false, kStart}});
  EXPECT_TRUE(f.engine.overdue(kStart + 59 * kSecond).empty());
  EXPECT_EQ(f.engine.overdue(kStart + 61 * kSecond).size(), 1U);
  EXPECT_TRUE(f.engine.overdue(kStart + 62 * kSecond).empty());
}

TEST(ALERT_02_engine, a_clock_that_is_set_back_silences_nobody) {
  auto rule = rule_of(1, Kind::event_count, 3, 60);
  rule.cooldown_seconds = 300;
  Fixture f({rule});
  const auto ahead = kStart + 3600 * kSecond;
  EXPECT_EQ(f.store(f.burst(3, ahead)).size(), 1U);
  EXPECT_TRUE(f.engine.overdue(ahead).empty());
  EXPECT_TRUE(f.engine.overdue(kStart).empty());
  EXPECT_EQ(f.engine.quiet(kStart).size(), 1U);
  f.engine.learn(1, std::vector<Known>{{1, "project", false, ahead}});
  EXPECT_TRUE(f.engine.overdue(kStart).empty());
  EXPECT_TRUE(f.store(f.burst(3, kStart + kSecond)).empty()) << "it cools down from now on";
  EXPECT_EQ(f.store(f.burst(3, kStart + 301 * kSecond)).size(), 1U);
}

TEST(ALERT_06_engine, is_quiet_a_fifth_below_the_threshold) {
  Fixture f({rule_of(1, Kind::event_count, 10, 60)});
  EXPECT_EQ(f.store(f.burst(10, kStart)).size(), 1U);
  EXPECT_TRUE(f.engine.quiet(kStart + kSecond).empty());
  EXPECT_TRUE(f.store(f.burst(8, kStart + 30 * kSecond)).empty());
  EXPECT_TRUE(f.engine.quiet(kStart + 62 * kSecond).empty());  // 8 of 10
  EXPECT_EQ(f.engine.quiet(kStart + 95 * kSecond).size(), 1U);
}

TEST(ALERT_02_engine, rules_that_are_exchanged_keep_their_windows_and_what_is_open) {
  auto rule = rule_of(1, Kind::event_count, 3, 60);
  Fixture f({rule});
  EXPECT_TRUE(f.store(f.burst(2, kStart)).empty());
  EXPECT_TRUE(f.engine.exchange(1, std::vector<Rule>{rule, rule_of(2, Kind::new_issue)}, {}).empty());
  EXPECT_EQ(f.store(f.burst(1, kStart)).size(), 1U);
  f.exchange({rule}, {{1, "project", true, kStart}});
  EXPECT_TRUE(f.store(f.burst(1, kStart)).empty());
}

TEST(ALERT_02_engine, a_window_is_asked_only_when_it_is_filled_and_then_at_once) {
  Fixture f;
  const auto fresh = f.engine.exchange(1, std::vector<Rule>{rule_of(1, Kind::event_count, 5, 60)}, {});
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_TRUE(f.store(f.burst(2, kStart)).empty());
  EXPECT_TRUE(f.engine.quiet(kStart).empty());
  f.engine.fill(fresh[0], std::vector<Engine::Past>{{"", 0, kStart - kSecond, 3}});
  const auto fired = f.engine.overdue(kStart);
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_EQ(fired[0].value, 5);
}

TEST(ALERT_02_engine, rules_with_the_same_filter_window_and_key_share_a_window) {
  Fixture f;
  std::vector<Rule> rules;
  for (int i = 1; i <= 50; ++i) rules.push_back(rule_of(i, Kind::event_count, i, 60));
  EXPECT_EQ(f.engine.exchange(1, rules, {}).size(), 1U);
}

TEST(ALERT_02_engine, holds_a_bounded_number_of_keys) {
  auto rule = rule_of(1, Kind::event_count, 1000, 60);
  rule.condition.per = Per::issue;
  Fixture f({rule});
  std::vector<Event*> batch;
  for (std::int64_t i = 0; i < 15'000; ++i) batch.push_back(f.event(kStart, i));
  EXPECT_TRUE(f.store(batch).empty());
  EXPECT_LE(f.engine.units(), Engine::kMostKeysOfWindow * Engine::kUnitsOfKey);
  f.engine.exchange(1, {}, {});
  EXPECT_EQ(f.engine.units(), 0U);
}

/// Whatever is aborted and reloaded: a second open alert of a key is never asked for.
TEST(ALERT_02_engine, property_one_firing_a_crossing_under_aborts_and_reloads) {
  auto rule = rule_of(1, Kind::event_count, 20, 60);
  rule.condition.per = Per::issue;
  Fixture f({rule});
  std::map<std::int64_t, int> open;
  std::uint32_t seed = 42;
  const auto random = [&](std::uint32_t n) { return (seed = seed * 1664525 + 1013904223) / 65536 % n; };
  for (int i = 0; i < 3000; ++i) {
    const auto at = kStart + i * kSecond / 10;
    const auto issue = static_cast<std::int64_t>(random(5)) + 1;
    auto counted = f.count(f.burst(static_cast<int>(random(4)) + 1, at, issue));
    if (random(3) == 0) continue;  // aborted
    counted.keep();
    for (const auto& firing : counted.firings) EXPECT_EQ(++open[firing.issue_id], 1);
    if (random(20) == 0) {
      std::vector<Known> known;
      for (const auto& [id, n] : open) known.push_back({1, "issue:" + std::to_string(id), true, at});
      f.exchange({rule}, known);
    }
  }
  EXPECT_EQ(open.size(), 5U);
}

TEST(ALERT_01_preview, plays_a_rule_as_the_engine_would) {
  auto rule = rule_of(1, Kind::event_count, 3, 60);
  rule.cooldown_seconds = 300;
  std::vector<Engine::Past> past;
  for (const int at : {0, 10, 20, 30, 200, 210, 220, 400, 410, 420}) past.push_back({"", 0, kStart + at * kSecond, 1});
  const auto fired = play(rule, past);
  ASSERT_EQ(fired.size(), 2U);
  EXPECT_EQ(fired[0].at, kStart + 20 * kSecond);
  EXPECT_EQ(fired[1].at, kStart + 420 * kSecond);
}

TEST(ALERT_01_preview, compares_with_the_day_before) {
  auto rule = rule_of(1, Kind::percent_change, 100, 3600);
  rule.condition.against_days = 1;
  const UnixMicros hour = 3600 * kSecond;
  std::vector<Engine::Past> past;
  for (int h = 0; h < 48; ++h) past.push_back({"", 0, kStart + h * hour, h == 40 ? 30U : 10U});
  const auto fired = play_comparison(rule, past, kStart + 25 * hour, kStart + 47 * hour);
  ASSERT_EQ(fired.size(), 1U);
  EXPECT_GE(fired[0].at, kStart + 40 * hour);
  EXPECT_EQ(fired[0].value, 200);
}

}  // namespace
}  // namespace mesher::nodes::alerts
