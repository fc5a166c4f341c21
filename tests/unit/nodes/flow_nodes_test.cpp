#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "nodes/dedupe.hpp"
#include "nodes/fault.hpp"
#include "nodes/rate_limit.hpp"
#include "nodes/route.hpp"
#include "nodes/sample.hpp"
#include "tests/unit/nodes/read_event.hpp"

namespace mesher::nodes {
namespace {

using Indices = std::vector<std::uint32_t>;

std::vector<std::string> texts(int n, const char* format = R"({{"message":"{}"}})") {
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i) all.push_back(fmt::format(fmt::runtime(format), i));
  return all;
}

TEST(RETAIN_04_sample, the_point_of_an_id_never_changes) {
  EXPECT_DOUBLE_EQ(sample_point("4bf92f3577b34da6a3ce929d0e0e4736"), sample_point("4bf92f3577b34da6a3ce929d0e0e4736"));
  // Written down once: another value would keep other events of the same traces on machines of another version.
  EXPECT_NEAR(sample_point("4bf92f3577b34da6a3ce929d0e0e4736"), 0.270534729513, 1e-9);
  for (int i = 0; i < 1000; ++i) {
    const double point = sample_point(std::to_string(i));
    EXPECT_GE(point, 0.0);
    EXPECT_LT(point, 1.0);
  }
}

TEST(RETAIN_04_sample, keeps_the_share_that_was_asked_for) {
  constexpr int kIds = 100'000;
  for (const double rate : {0.01, 0.1, 0.5, 0.9}) {
    int kept = 0;
    for (int i = 0; i < kIds; ++i) kept += sample_point("trace " + std::to_string(i)) < rate ? 1 : 0;
    const double sigma = std::sqrt(kIds * rate * (1 - rate));
    EXPECT_NEAR(kept, kIds * rate, 5 * sigma) << rate;
  }
}

TEST(RETAIN_04_sample, all_events_of_a_trace_stay_or_go_together) {
  std::vector<std::string> all;
  for (int i = 0; i < 40; ++i) {
    all.push_back(fmt::format(R"({{"message":"{}","contexts":{{"trace":{{"trace_id":"{:032x}"}}}}}})", i, i / 4 + 1));
  }
  auto batch = batch_of(all);
  make_node(sample_spec(nullptr), "rate = 0.5")->process(batch);
  std::vector<int> gone(10, 0);
  for (const auto i : dropped(batch)) ++gone[i / 4];
  int whole = 0;
  for (const int n : gone) {
    EXPECT_TRUE(n == 0 || n == 4);
    whole += n / 4;
  }
  EXPECT_GT(whole, 0);
  EXPECT_LT(whole, 10);
}

TEST(RETAIN_04_sample, each_project_has_its_rate_and_what_goes_is_an_outcome) {
  auto snapshot = std::make_shared<ports::ProjectSnapshot>();
  snapshot->projects[1].sample_rate = 0.0;
  snapshot->projects[2].sample_rate = 1.0;
  ports::ProjectDirectory projects;
  projects.publish(snapshot);
  const auto node = make_node(sample_spec(&projects));
  auto none = batch_of(texts(3), 1);
  node->process(none);
  EXPECT_EQ(dropped(none), Indices({0, 1, 2}));
  EXPECT_EQ(none.drops()[0].reason.outcome, "sampled");
  auto all = batch_of(texts(3), 2);
  node->process(all);
  EXPECT_TRUE(all.drops().empty());
  auto unknown = batch_of(texts(3), 9);
  node->process(unknown);
  EXPECT_TRUE(unknown.drops().empty());
}

TEST(route, the_first_route_that_fits_gets_the_event) {
  const auto spec = route_spec();
  const std::string toml =
      "[routes]\nb_crash = { field = \"level\", equals = \"fatal\" }\na_eu = { field = \"tags.region\", glob = "
      "\"eu-*\" }\n";
  auto options = graph::options_from(spec, "r", toml);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(spec.outputs(**options), (std::vector<std::string>{"a_eu", "b_crash"}));
  auto batch = batch_of({R"({"message":"x","level":"fatal"})", R"({"message":"x"})",
                         R"({"message":"x","level":"fatal","tags":{"region":"eu-1"}})"});
  make_node(spec, toml)->process(batch);
  ASSERT_EQ(batch.routes().size(), 2U);
  EXPECT_EQ(batch.routes()[0].item, 0U);
  EXPECT_EQ(batch.routes()[0].port, 2U);
  EXPECT_EQ(batch.routes()[1].item, 2U);
  EXPECT_EQ(batch.routes()[1].port, 1U);
}

TEST(rate_limit, a_bucket_holds_its_burst_and_fills_with_time) {
  TokenBuckets buckets(10, 5, 100);
  UnixMicros now = 1'000'000;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(buckets.take(1, now));
  EXPECT_FALSE(buckets.take(1, now));
  EXPECT_TRUE(buckets.take(2, now)) << "another key has its own";
  now += 99'999;
  EXPECT_FALSE(buckets.take(1, now));
  now += 1;
  EXPECT_TRUE(buckets.take(1, now));
  EXPECT_FALSE(buckets.take(1, now - 1'000'000)) << "a clock that jumps back gives nothing";
  now += 3'600'000'000;
  int taken = 0;
  while (buckets.take(1, now)) ++taken;
  EXPECT_EQ(taken, 5);
}

TEST(rate_limit, is_exact_over_a_minute_and_remembers_a_bounded_number_of_keys) {
  TokenBuckets buckets(100, 1, 50);
  int taken = 0;
  for (UnixMicros now = 0; now < 60'000'000; now += 1'000) taken += buckets.take(7, now) ? 1 : 0;
  EXPECT_NEAR(taken, 6000, 1);
  for (std::uint64_t key = 100; key < 10'000; ++key) buckets.take(key, 60'000'000);
  EXPECT_EQ(buckets.keys(), 50U);
}

TEST(rate_limit, the_node_limits_by_its_keys) {
  ManualClock clock;
  const auto node = make_node(rate_limit_spec(&clock), "limit = 1\nkey = [\"level\"]");
  auto batch = batch_of({R"({"message":"x"})", R"({"message":"x"})", R"({"message":"x","level":"info"})"});
  node->process(batch);
  EXPECT_EQ(dropped(batch), Indices({1}));
  EXPECT_EQ(batch.drops()[0].reason.outcome, "rate_limited");
  clock.advance(std::chrono::seconds(1));
  auto again = batch_of({R"({"message":"x"})"});
  node->process(again);
  EXPECT_TRUE(again.drops().empty());
}

TEST(dedupe, a_repeated_id_is_a_duplicate_but_the_same_entry_read_again_is_not) {
  ManualClock clock(kReceived);
  const auto node = make_node(dedupe_spec(&clock));
  auto first = batch_of(texts(3));
  node->process(first);
  EXPECT_TRUE(first.drops().empty());
  auto read_again = batch_of(texts(3));  // same ids, same times of reception: the journal's entries once more
  node->process(read_again);
  EXPECT_TRUE(read_again.drops().empty());
  auto sent_again = batch_of(texts(3));
  for (auto& event : sent_again.as<EventBatch>().events) event.received += 5'000'000;
  sent_again.as<EventBatch>().events[1].replayed = true;
  node->process(sent_again);
  EXPECT_EQ(dropped(sent_again), Indices({0, 2}));
  EXPECT_EQ(sent_again.drops()[0].reason.outcome, "invalid");
  EXPECT_EQ(sent_again.drops()[0].reason.detail, "duplicate");
}

TEST(dedupe, forgets_after_its_window) {
  SeenKeys seen(10'000'000, 1000);
  UnixMicros now = kReceived;
  EXPECT_FALSE(seen.duplicate(1, 1, now));
  EXPECT_TRUE(seen.duplicate(1, 2, now + 4'999'999));
  EXPECT_FALSE(seen.duplicate(1, 3, now + 20'000'000));
}

TEST(dedupe, memory_is_bounded) {
  SeenKeys seen(3'600'000'000, 1000);
  for (std::uint64_t key = 0; key < 100'000; ++key) {
    EXPECT_FALSE(seen.duplicate(key, key, kReceived));
    ASSERT_LE(seen.size(), 1000U);
  }
  EXPECT_TRUE(seen.duplicate(99'999, 1, kReceived)) << "the newest are remembered";
}

TEST(dedupe, by_chosen_fields) {
  ManualClock clock(kReceived);
  const auto node = make_node(dedupe_spec(&clock), "by = [\"message\", \"level\"]");
  auto batch =
      batch_of({R"({"message":"x"})", R"({"message":"x"})", R"({"message":"x","level":"info"})", R"({"message":"y"})"});
  node->process(batch);
  EXPECT_EQ(dropped(batch), Indices({1}));
}

TEST(fault, throws_on_its_message_unless_it_is_a_replay) {
  const auto node = make_node(fault_spec(), "message = \"poison\"");
  auto good = batch_of({R"({"message":"fine"})"});
  EXPECT_NO_THROW(node->process(good));
  auto bad = batch_of({R"({"message":"fine"})", R"({"message":"some poison here"})"});
  EXPECT_THROW(node->process(bad), std::runtime_error);
  bad.as<EventBatch>().events[1].replayed = true;
  EXPECT_NO_THROW(node->process(bad));
}

}  // namespace
}  // namespace mesher::nodes
