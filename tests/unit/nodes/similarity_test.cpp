#include "nodes/similarity.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "sample_event.hpp"

namespace mesher::nodes {
namespace {

using mesher::testing::SampleEvent;

std::string signature_of(std::string_view json) {
  return similarity_signature(SampleEvent(json).event);
}

std::string error(std::string_view type, std::string_view value, std::string_view functions) {
  std::string frames;
  for (const char f : functions) {
    frames +=
        fmt::format(R"({}{{"function":"f{}","module":"shop.m{}","in_app":true}})", frames.empty() ? "" : ",", f, f);
  }
  return fmt::format(R"({{"exception":{{"type":"{}","value":"{}","stacktrace":{{"frames":[{}]}}}}}})", type, value,
                     frames);
}

TEST(GROUP_06_similarity, equal_errors_are_alike_whatever_their_values) {
  const auto a = signature_of(error("TimeoutError", "no answer from 10.0.0.1 in 5 ms", "abcde"));
  EXPECT_EQ(a.size(), kSimilarityHashes * 2);
  EXPECT_EQ(likeness(a, a), 1);
  EXPECT_EQ(likeness(a, signature_of(error("TimeoutError", "no answer from 10.0.9.7 in 70 ms", "abcde"))), 1);
}

TEST(GROUP_06_similarity, the_more_two_have_in_common_the_more_they_are_alike) {
  const auto a = signature_of(error("TimeoutError", "no answer", "abcdefgh"));
  const auto one_frame = likeness(a, signature_of(error("TimeoutError", "no answer", "abcdefgx")));
  const auto half = likeness(a, signature_of(error("TimeoutError", "no answer", "abcdwxyz")));
  const auto nothing = likeness(a, signature_of(error("KeyError", "lost", "pqrstuvw")));
  EXPECT_GT(one_frame, half);
  EXPECT_GT(half, nothing + 0.1);
  EXPECT_GT(one_frame, 0.6);
  EXPECT_LT(nothing, 0.15);
}

TEST(GROUP_06_similarity, messages_are_compared_by_their_words) {
  const auto a = signature_of(R"({"message":"worker 5 took 3 seconds for order 7"})");
  EXPECT_EQ(likeness(a, signature_of(R"({"message":"worker 9 took 8 seconds for order 1"})")), 1);
  EXPECT_LT(likeness(a, signature_of(R"({"message":"disk full on volume data"})")), 0.2);
}

TEST(GROUP_06_similarity, what_says_nothing_is_like_nothing) {
  const auto nothing = signature_of("{}");
  EXPECT_EQ(nothing, "");
  EXPECT_EQ(likeness(nothing, nothing), 0);
  EXPECT_EQ(likeness("short", "short"), 0);
}

}  // namespace
}  // namespace mesher::nodes
