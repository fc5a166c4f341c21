#include "nodes/query/marks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "nodes/query/match.hpp"
#include "nodes/query/parse.hpp"

namespace mesher::query {
namespace {

Node node_of(const std::string& text) {
  auto parsed = parse(text, Scope::stream);
  EXPECT_TRUE(std::holds_alternative<Node>(parsed)) << text;
  return std::get<Node>(std::move(parsed));
}

bool may_satisfy(const nodes::Event& event, const Requirement& required) {
  if (required.empty()) return true;
  const auto marks = marks_of(event);
  const Letters letters(event);
  return std::any_of(required.any_mark.begin(), required.any_mark.end(),
                     [&](Mark mark) { return std::find(marks.begin(), marks.end(), mark) != marks.end(); }) ||
         std::any_of(required.any_letters.begin(), required.any_letters.end(),
                     [&](const auto& places) { return letters.has_all(places); });
}

TEST(STREAM_02_marks, an_event_that_satisfies_a_query_has_what_it_requires) {
  const std::vector<std::string> queries{"region:eu-1",
                                         "region:[eu-1, us]",
                                         "region:eu*",
                                         "-region:eu-1",
                                         "region:\"\"",
                                         "environment:prod",
                                         "release:1.0",
                                         "user.email:a@b.c",
                                         "boom",
                                         "\"went Boom\"",
                                         "BOOM OR region:us",
                                         "boom OR bang",
                                         "boom region:eu-1",
                                         "level:error boom",
                                         "has:region",
                                         "any.tag:eu-1",
                                         "culprit:shop",
                                         "stack.function:pay",
                                         "stack.file:Checkout",
                                         "message:\"it went\"",
                                         "type:ValueError",
                                         "*oom",
                                         "ÜBER",
                                         "-(boom region:eu-1)",
                                         "(a OR boom) (region:eu-1 OR x)",
                                         "x",
                                         "is_bad",
                                         "platform:python",
                                         "region:us OR region:eu-1"};
  const nodes::Tag eu[] = {{"region", "eu-1"}}, us[] = {{"region", "us"}, {"empty", ""}};
  std::vector<nodes::Frame> frames(2);
  frames[1].function = "payNow";
  frames[1].module = "shop";
  frames[1].filename = "src/Checkout.java";
  std::vector<nodes::Exception> exceptions(1);
  exceptions[0].type = "ValueError";
  exceptions[0].value = "bang über";
  exceptions[0].frames = frames;
  std::vector<nodes::Event> events(4);
  events[0].message = "it went Boom";
  events[0].tags = eu;
  events[0].environment = "prod";
  events[1].tags = us;
  events[1].exceptions = exceptions;
  events[1].release = "1.0";
  events[2].title = "is_bad: BOOMING";
  events[2].culprit = "shop in x";
  events[2].platform = "python";
  events[2].user.email = "a@b.c";
  std::size_t satisfied = 0, excluded = 0;
  for (const auto& query : queries) {
    const auto node = node_of(query);
    const Matcher matcher(node);
    const auto required = requirement_of(node);
    for (const auto& event : events) {
      const bool matches = matcher.matches(event);
      const bool may = may_satisfy(event, required);
      EXPECT_TRUE(may || !matches) << query << " on \"" << event.message << event.title << '"';
      satisfied += matches ? 1 : 0;
      excluded += may ? 0 : 1;
    }
  }
  EXPECT_GT(satisfied, 20U);
  EXPECT_GT(excluded, 40U);  // it is worth something
}

TEST(STREAM_02_marks, names_come_before_words) {
  EXPECT_EQ(requirement_of(node_of("boom region:eu-1")).any_mark.size(), 1U);
  EXPECT_TRUE(requirement_of(node_of("-boom")).empty());
  EXPECT_TRUE(requirement_of(node_of("boom OR region:us")).empty());
  EXPECT_EQ(requirement_of(node_of("boom OR bang")).any_letters.size(), 2U);
}

}  // namespace
}  // namespace mesher::query
