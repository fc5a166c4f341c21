#include "io/ws/live_filter.hpp"

#include <gtest/gtest.h>

namespace mesher::ws {
namespace {

LiveFilter filter_of(const std::string& json) {
  auto parsed = parse_live_request(R"({"type":"subscribe","id":"s","project_id":1,"filter":)" + json + "}");
  EXPECT_TRUE(parsed.request) << json << ": " << parsed.mistake.message;
  return parsed.request ? parsed.request->filter : LiveFilter{};
}

TEST(STREAM_01_filter, conditions_are_all_needed) {
  const nodes::Tag tags[] = {{"browser", "Firefox"}, {"os", "Linux"}};
  nodes::Event event;
  event.level = nodes::Level::error;
  event.environment = "production";
  event.issue_id = 7;
  event.tags = tags;
  event.message = "it went boom";
  const struct {
    const char* filter;
    bool passes;
  } cases[] = {{"{}", true},
               {"null", true},
               {R"({"level":["error","fatal"]})", true},
               {R"({"level":"critical"})", false},
               {R"({"level":[]})", true},
               {R"({"environment":["production"]})", true},
               {R"({"environment":"staging"})", false},
               {R"({"issue_id":7})", true},
               {R"({"issue_id":8})", false},
               {R"({"tags":{"browser":"Firefox"}})", true},
               {R"({"tags":{"browser":["Chrome","Firefox"],"os":"Linux"}})", true},
               {R"({"tags":{"browser":"Firefox","os":"Windows"}})", false},
               {R"({"tags":{"absent":"x"}})", false},
               {R"({"level":["error"],"environment":["staging"]})", false},
               {R"({"query":""})", true},
               {R"({"query":"level:error browser:Firefox"})", true},
               {R"({"query":"browser:[Chrome, Opera]"})", false},
               {R"({"query":"-environment:staging boom"})", true},
               {R"({"query":"environment:production refused"})", false},
               {R"({"level":["error"],"query":"level:fatal"})", false}};
  for (const auto& c : cases) EXPECT_EQ(filter_of(c.filter).passes(event), c.passes) << c.filter;
}

TEST(STREAM_01_filter, mistakes_are_told_with_the_subscriptions_id) {
  const struct {
    const char *message, *id, *code;
  } cases[] = {
      {"garbage", "", "invalid_message"},
      {"[]", "", "invalid_message"},
      {R"({"type":"dance","id":"s"})", "s", "invalid_message"},
      {R"({"type":"subscribe"})", "", "invalid_message"},
      {R"({"type":"subscribe","id":""})", "", "invalid_message"},
      {R"({"type":"subscribe","id":7,"project_id":1})", "", "invalid_message"},
      {R"({"type":"subscribe","id":"s"})", "s", "invalid_message"},
      {R"({"type":"subscribe","id":"s","project_id":"1"})", "s", "invalid_message"},
      {R"({"type":"subscribe","id":"s","project_id":-1})", "s", "invalid_message"},
      {R"({"type":"subscribe","id":"s","project_id":99999999999})", "s", "invalid_message"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":[]})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"level":"loud"}})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"level":[1]}})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"tags":[]}})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"issue_id":"x"}})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"unknown":1}})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"query":7}})", "s", "invalid_filter"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"query":"level:loud"}})", "s", "invalid_query"},
      {R"({"type":"subscribe","id":"s","project_id":1,"filter":{"query":"is:unresolved"}})", "s", "invalid_query"},
      {R"({"type":"subscribe","id":"s","project_id":1,"since":"yesterday"})", "s", "invalid_message"},
      {R"({"type":"subscribe","id":"s","project_id":1,"since":7})", "s", "invalid_message"}};
  for (const auto& c : cases) {
    const auto parsed = parse_live_request(c.message);
    EXPECT_FALSE(parsed.request) << c.message;
    EXPECT_EQ(parsed.mistake.id, c.id) << c.message;
    EXPECT_EQ(parsed.mistake.code, c.code) << c.message;
    EXPECT_FALSE(parsed.mistake.message.empty());
  }
}

TEST(STREAM_02_filter, a_mistake_in_a_query_has_its_position) {
  const auto parsed =
      parse_live_request(R"({"type":"subscribe","id":"s","project_id":1,"filter":{"query":"boom level:loud"}})");
  EXPECT_EQ(parsed.mistake.position, 12U);
  EXPECT_NE(parsed.mistake.message.find("position 12"), std::string::npos) << parsed.mistake.message;
}

TEST(STREAM_02_filter, the_same_filter_has_the_same_key) {
  EXPECT_EQ(filter_of(R"({"query":"level:error  boom","level":"error"})").key,
            filter_of(R"({"level":["error"],"query":"level:error boom"})").key);
  EXPECT_NE(filter_of(R"({"query":"boom"})").key, filter_of(R"({"query":"bang"})").key);
}

TEST(STREAM_04_resume, since_is_an_event_or_a_time) {
  const auto since = [](const std::string& text) {
    const auto parsed = parse_live_request(R"({"type":"subscribe","id":"s","project_id":1,"since":")" + text + "\"}");
    EXPECT_TRUE(parsed.request && parsed.request->since) << text << ": " << parsed.mistake.message;
    return parsed.request->since.value_or(LiveSince{});
  };
  EXPECT_EQ(since("3d1090c0-b93d-4179-a870-01a93a28f665").event->hex(), "3d1090c0b93d4179a87001a93a28f665");
  EXPECT_EQ(since("1970-01-01T00:00:01.5Z").time, 1'500'000);
}

}  // namespace
}  // namespace mesher::ws
