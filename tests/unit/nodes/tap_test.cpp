#include "nodes/tap.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "graph/options.hpp"
#include "nodes/query/parse.hpp"

namespace mesher::nodes {
namespace {

using Json = nlohmann::json;

graph::Batch batch_of(std::vector<Event> events) {
  auto content = std::make_unique<EventBatch>();
  content->events = std::move(events);
  return graph::Batch(std::move(content));
}

Event event_of(std::string_view payload, std::string_view message) {
  Event event;
  event.project_id = 1;
  event.payload = payload;
  event.message = message;
  return event;
}

TEST(GRAPH_07_tap, what_is_shown_is_scrubbed_and_the_batch_stays_as_it_is) {
  std::vector<Json> shown;
  EventTap tap("parse", nullptr, nullptr, [&](const std::string& text) {
    shown.push_back(Json::parse(text));
    return true;
  });
  const std::string payload = R"({"message":"password=hunter2","extra":{"api_key":"12345abc"}})";
  auto batch = batch_of({event_of(payload, "password=hunter2")});
  tap.passed(batch);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0]["event"]["message"], "password=[Filtered]");
  EXPECT_EQ(shown[0].dump().find("hunter2"), std::string::npos);
  EXPECT_EQ(shown[0].dump().find("12345abc"), std::string::npos);
  EXPECT_EQ(batch.as<EventBatch>().events.front().message, "password=hunter2");
}

TEST(GRAPH_07_tap, only_what_leaves_and_passes_the_filter_and_the_rest_is_counted) {
  std::vector<Json> shown;
  bool room = true;
  const auto query = std::get<query::Node>(query::parse("wanted", query::Scope::stream));
  EventTap tap("n", std::make_shared<const query::Matcher>(query), nullptr, [&](const std::string& text) {
    if (room) shown.push_back(Json::parse(text));
    return room;
  });
  auto batch = batch_of({event_of("{}", "wanted 0"), event_of("{}", "other"), event_of("{}", "wanted 2")});
  batch.drop(0, {"filtered", "test"});
  batch.route(2, 1);
  tap.passed(batch);
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0]["event"]["message"], "wanted 2");
  EXPECT_EQ(shown[0]["output"], 1);
  EXPECT_EQ(shown[0]["skipped"], 0);
  room = false;
  auto lost = batch_of({event_of("{}", "wanted 3")});
  tap.passed(lost);
  room = true;
  auto next = batch_of({event_of("{}", "wanted 4")});
  tap.passed(next);
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[1]["skipped"], 1);
}

TEST(GRAPH_07_tap, a_flood_is_shown_in_part) {
  std::size_t shown = 0;
  std::uint64_t skipped = 0;
  EventTap tap("n", nullptr, nullptr, [&](const std::string& text) {
    ++shown;
    skipped += Json::parse(text)["skipped"].get<std::uint64_t>();
    return true;
  });
  for (int i = 0; i < 1000; ++i) {
    auto batch = batch_of(std::vector<Event>(256, event_of("{}", "flood")));
    tap.passed(batch);
  }
  EXPECT_LE(shown, 5'000U);  // forty a second, however long this took
  EXPECT_GE(shown, EventTap::kShownOfABatch);
  EXPECT_GT(skipped, 0U);
}

}  // namespace
}  // namespace mesher::nodes
