#include "nodes/generate.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "nodes/event.hpp"
#include "nodes/grouping.hpp"

namespace mesher::nodes {
namespace {

std::vector<Event> all_of(Generator& generator, std::vector<graph::Source::Item>& kept, std::size_t batches) {
  std::vector<Event> events;
  std::stop_source stop;
  for (std::size_t i = 0; i < batches; ++i) {
    auto item = generator.next(0, stop.get_token());
    if (!item) break;
    EXPECT_EQ(item->origin.sequence, i);
    const auto& batch = static_cast<const EventBatch&>(*item->content);
    events.insert(events.end(), batch.events.begin(), batch.events.end());
    kept.push_back(std::move(*item));
  }
  return events;
}

TEST(GRAPH_01_generate, makes_the_same_events_from_the_same_options) {
  const SystemClock clock;
  Generator::Options options;
  options.events = 1000;
  options.batch = 300;
  options.issues = 20;
  options.project = 7;
  Generator first(options, clock), second(options, clock);
  options.seed = 2;
  Generator other(options, clock);
  std::vector<graph::Source::Item> kept;
  const auto a = all_of(first, kept, 4), b = all_of(second, kept, 4), c = all_of(other, kept, 4);
  ASSERT_EQ(a.size(), 1000U);
  ASSERT_EQ(b.size(), 1000U);
  std::set<std::string> ids, issues;
  Grouper grouper;
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].id, b[i].id);
    EXPECT_EQ(a[i].payload, b[i].payload);
    EXPECT_NE(a[i].id, c[i].id);
    EXPECT_EQ(a[i].project_id, 7U);
    EXPECT_GT(a[i].received, 0);
    ids.insert(a[i].id.hex());
    issues.insert(to_hex(grouper.group(a[i]).hashes[0]));
  }
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_GT(issues.size(), 10U);
  EXPECT_LE(issues.size(), 20U);
}

TEST(GRAPH_01_generate, ends_when_stopped) {
  const SystemClock clock;
  Generator::Options options;
  options.events = 1;
  Generator generator(options, clock);
  std::stop_source stop;
  EXPECT_TRUE(generator.next(0, stop.get_token()));
  stop.request_stop();
  EXPECT_FALSE(generator.next(0, stop.get_token()));
}

}  // namespace
}  // namespace mesher::nodes
