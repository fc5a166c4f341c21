#include "io/http/rate_limiter.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <thread>

namespace mesher::http {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public ::testing::Test {
 protected:
  Sender sender(std::uint32_t key_limit, std::uint32_t project_limit, std::uint32_t id = 1) {
    auto snapshot = std::make_shared<nodes::ports::ProjectSnapshot>();
    auto& project = snapshot->projects[1];
    project.id = 1;
    project.rate_limit_per_minute = project_limit;
    auto& key = snapshot->keys["k"];
    key = {id, 1, "k", true, key_limit};
    return {snapshot, &key, &project, {}};
  }
  ManualClock clock_;
  RateLimiter limiter_{clock_};
};

TEST_F(RateLimiterTest, INGEST_04_no_limit_lets_all_in) {
  EXPECT_EQ(limiter_.admit(sender(0, 0), 1'000'000).allowed, 1'000'000U);
  EXPECT_EQ(limiter_.full(sender(0, 0)).allowed, 1U);
}

TEST_F(RateLimiterTest, INGEST_04_a_steady_sender_gets_its_limit_to_one_percent) {
  for (const std::uint32_t limit : {60U, 1000U, 60'000U}) {
    const auto who = sender(limit, 0, limit);
    std::uint64_t allowed = 0;
    constexpr int kMinutes = 10;
    const auto tries = limit * 3 * kMinutes;  // three times the limit, evenly
    const auto step = std::chrono::microseconds(60'000'000LL * kMinutes / tries);
    for (std::uint32_t i = 0; i < tries; ++i) {
      allowed += limiter_.admit(who, 1).allowed;
      clock_.advance(step);
    }
    EXPECT_NEAR(static_cast<double>(allowed), static_cast<double>(limit) * kMinutes, 0.01 * limit * kMinutes) << limit;
  }
}

TEST_F(RateLimiterTest, INGEST_04_never_more_than_the_limit_in_any_minute) {
  constexpr std::uint32_t kLimit = 500;
  const auto who = sender(0, kLimit);
  std::mt19937 random(3);
  std::deque<UnixMicros> inside;
  for (int i = 0; i < 50'000; ++i) {
    clock_.advance(std::chrono::milliseconds(random() % 50));
    if (random() % 500 == 0) clock_.advance(20s);
    const auto wanted = random() % 20 == 0 ? 1 + static_cast<std::uint32_t>(random() % 100) : 1;
    const auto allowed = limiter_.admit(who, wanted).allowed;
    for (std::uint32_t n = 0; n < allowed; ++n) inside.push_back(clock_.now());
    while (!inside.empty() && inside.front() <= clock_.now() - 60'000'000) inside.pop_front();
    ASSERT_LE(inside.size(), kLimit);
  }
}

TEST_F(RateLimiterTest, INGEST_04_a_burst_may_use_the_whole_limit_and_then_waits_a_minute) {
  const auto who = sender(10, 0);
  EXPECT_EQ(limiter_.admit(who, 7).allowed, 7U);
  const auto verdict = limiter_.admit(who, 7);
  EXPECT_EQ(verdict.allowed, 3U);
  EXPECT_EQ(verdict.scope, RateLimiter::Scope::key);
  EXPECT_EQ(verdict.retry_after, 61U);
  EXPECT_EQ(limiter_.full(who).allowed, 0U);
  clock_.advance(59s);
  EXPECT_EQ(limiter_.admit(who, 1).allowed, 0U);
  EXPECT_LE(limiter_.admit(who, 1).retry_after, 2U);
  clock_.advance(2s);
  EXPECT_EQ(limiter_.full(who).allowed, 1U);
  EXPECT_EQ(limiter_.admit(who, 20).allowed, 10U);
}

TEST_F(RateLimiterTest, INGEST_04_what_the_project_refuses_does_not_count_for_the_key) {
  const auto who = sender(10, 5);
  const auto verdict = limiter_.admit(who, 10);
  EXPECT_EQ(verdict.allowed, 5U);
  EXPECT_EQ(verdict.scope, RateLimiter::Scope::project);
  EXPECT_EQ(limiter_.admit(sender(10, 0), 10).allowed, 5U);
}

TEST_F(RateLimiterTest, INGEST_04_exact_under_concurrency) {
  constexpr std::uint32_t kLimit = 10'000;
  std::atomic<std::uint32_t> allowed{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        const auto who = sender(kLimit, 0);
        for (int i = 0; i < 5000; ++i) allowed += limiter_.admit(who, 1).allowed;
      });
    }
  }
  EXPECT_EQ(allowed.load(), kLimit);
}

TEST_F(RateLimiterTest, memory_is_bounded_by_those_who_sent_lately) {
  for (std::uint32_t id = 1; id <= 5000; ++id) {
    EXPECT_EQ(limiter_.admit(sender(5, 0, id), 1).allowed, 1U);
    clock_.advance(100ms);
  }
  EXPECT_EQ(limiter_.admit(sender(5, 0, 5000), 10).allowed, 4U);
}

}  // namespace
}  // namespace mesher::http
