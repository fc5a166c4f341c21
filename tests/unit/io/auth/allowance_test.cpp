#include "io/auth/allowance.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mesher::auth {
namespace {

using namespace std::chrono_literals;

TEST(ORG_06_allowance, lets_so_many_in_and_says_when_the_next_may_come) {
  ManualClock clock;
  Allowance allowance(3, 60s, clock);
  for (std::uint32_t left : {2U, 1U, 0U}) {
    const auto verdict = allowance.take("ann");
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.limit, 3U);
    EXPECT_EQ(verdict.remaining, left);
  }
  const auto refused = allowance.take("ann");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 20U);
  EXPECT_EQ(refused.whole_after, 60U);
  EXPECT_TRUE(allowance.take("bob").allowed);
  clock.advance(19s);
  EXPECT_FALSE(allowance.take("ann").allowed);
  clock.advance(1s);
  EXPECT_TRUE(allowance.take("ann").allowed);
  EXPECT_FALSE(allowance.take("ann").allowed);
}

TEST(ORG_06_allowance, never_lets_more_than_twice_the_limit_into_a_window) {
  ManualClock clock;
  Allowance allowance(10, 60s, clock);
  int let_in = 0;
  for (int tenth = 0; tenth < 600; ++tenth) {
    if (allowance.take("ann").allowed) ++let_in;
    clock.advance(100ms);
  }
  EXPECT_GE(let_in, 18);
  EXPECT_LE(let_in, 20);
}

TEST(ORG_06_allowance, is_whole_again_after_its_window) {
  ManualClock clock;
  Allowance allowance(3, 60s, clock);
  for (int i = 0; i < 5; ++i) static_cast<void>(allowance.take("ann"));
  clock.advance(60s);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.take("ann").allowed);
  EXPECT_FALSE(allowance.take("ann").allowed);
}

TEST(ORG_06_allowance, what_is_given_back_can_be_taken_again) {
  ManualClock clock;
  Allowance allowance(1, 60s, clock);
  EXPECT_TRUE(allowance.take("ann").allowed);
  allowance.give_back("ann");
  EXPECT_TRUE(allowance.take("ann").allowed);
  EXPECT_FALSE(allowance.take("ann").allowed);
  allowance.forget("ann");
  EXPECT_TRUE(allowance.take("ann").allowed);
}

TEST(ORG_06_allowance, of_zero_is_no_limit) {
  ManualClock clock;
  Allowance allowance(0, 60s, clock);
  for (int i = 0; i < 1000; ++i) {
    const auto verdict = allowance.take("ann");
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.limit, 0U);
  }
}

TEST(ORG_06_allowance, remembers_a_bounded_number_of_keys_and_the_worst_of_them) {
  ManualClock clock;
  Allowance allowance(5, 3600s, clock);
  for (int i = 0; i < 6; ++i) static_cast<void>(allowance.take("attacked"));
  for (std::size_t i = 0; i < Allowance::kMostKeys + 10'000; ++i) static_cast<void>(allowance.take(std::to_string(i)));
  EXPECT_LE(allowance.keys(), Allowance::kMostKeys);
  EXPECT_FALSE(allowance.take("attacked").allowed);
}

}  // namespace
}  // namespace mesher::auth
