#include "nodes/title.hpp"

#include <gtest/gtest.h>

#include "tests/unit/nodes/sample_event.hpp"

namespace mesher {
namespace {

using testing::SampleEvent;

std::string title(std::string_view json) {
  SampleEvent sample(json);
  return std::string(nodes::title_of(sample.event, sample.arena));
}
std::string culprit(std::string_view json) {
  SampleEvent sample(json);
  return std::string(nodes::culprit_of(sample.event, sample.arena));
}

TEST(GROUP_01_title, is_type_and_first_line_of_the_value) {
  EXPECT_EQ(title(R"({"exception":{"values":[{"type":"ValueError","value":"  bad thing\nmore"}]}})"),
            "ValueError: bad thing");
  EXPECT_EQ(title(R"({"exception":{"values":[{"type":"ValueError"}]}})"), "ValueError");
  EXPECT_EQ(title(R"({"exception":{"values":[{"type":"Cause","value":"c"},{"type":"Final","value":"f"}]}})"),
            "Final: f");
}

TEST(GROUP_01_title, of_a_message_is_its_first_line) {
  EXPECT_EQ(title(R"({"message":"\n hello world \nmore"})"), "hello world");
  EXPECT_EQ(title(R"({"logentry":{"message":"user %s","formatted":"user bob"}})"), "user bob");
}

TEST(GROUP_01_title, of_a_synthetic_error_is_the_function_that_crashed) {
  EXPECT_EQ(
      title(R"({"platform":"native","exception":{"values":[{"type":"SIGSEGV","mechanism":{"type":"s","synthetic":true},
                      "stacktrace":{"frames":[{"function":"main","package":"/app/x"},{"function":"boom","package":"/app/x"}]}}]}})"),
      "boom");
}

TEST(GROUP_01_title, is_never_empty) {
  EXPECT_FALSE(title("{}").empty());
  EXPECT_FALSE(title(R"({"message":"  "})").empty());
  EXPECT_FALSE(title(R"({"exception":{"values":[{"value":""}]}})").empty());
}

TEST(GROUP_01_title, long_values_are_cut_between_characters) {
  std::string value;
  for (int i = 0; i < 300; ++i) value += "\xc3\xa9";
  const auto cut = title(R"({"exception":{"values":[{"type":"E","value":")" + value + R"("}]}})");
  EXPECT_EQ(cut.size(), 3 + 2 * 253 + 3U);
  EXPECT_TRUE(cut.ends_with("\xc3\xa9..."));
}

TEST(GROUP_01_title, wrappers_that_only_recovered_give_way_to_their_cause) {
  EXPECT_EQ(title(R"({"exception":{"values":[{"type":"TypeError","value":"x is not a function"},{"type":"Error",
    "value":"There was an error during concurrent rendering but React was able to recover by synchronously rendering."}]}})"),
            "TypeError: x is not a function");
}

TEST(GROUP_01_culprit, is_the_transaction_or_where_the_app_crashed) {
  constexpr auto* kJava = R"("platform":"java","exception":{"values":[{"type":"E","stacktrace":{"frames":[
    {"module":"a.Shop","function":"buy"},{"module":"java.util.HashMap","function":"get"}]}}]})";
  EXPECT_EQ(culprit("{" + std::string(kJava) + "}"), "a.Shop in buy");
  EXPECT_EQ(culprit(R"({"transaction":"/checkout",)" + std::string(kJava) + "}"), "/checkout");
  EXPECT_EQ(culprit(R"({"platform":"javascript","exception":{"values":[{"type":"E","stacktrace":{"frames":[
    {"filename":"app.js","function":"buy"}]}}]}})"),
            "buy(app.js)");
  EXPECT_EQ(culprit(R"({"message":"x"})"), "");
}

}  // namespace
}  // namespace mesher
