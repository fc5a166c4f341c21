#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "bench/load/event_maker.hpp"
#include "bench/load/event_pool.hpp"
#include "graph/base/clock.hpp"

namespace mesher::bench {
namespace {

using Json = nlohmann::json;

const std::vector<Failure>& corpus() {
  static const auto kCorpus = read_corpus(sample_corpus_path());
  return kCorpus.value();
}

Json without_what_varies(Json event) {
  for (const auto* key : {"event_id", "timestamp", "breadcrumbs"}) event.erase(key);  // ids and times
  return event;
}

TEST(GRAPH_08_events, have_the_promised_parts_and_size) {
  std::size_t bytes = 0;
  const auto events = make_events(corpus(), 500);
  for (const auto& text : events) {
    bytes += text.size();
    const auto event = Json::parse(text);
    EXPECT_EQ(event["exception"]["values"].back()["stacktrace"]["frames"].size(), 20U);
    EXPECT_EQ(event["breadcrumbs"]["values"].size(), 8U);
    for (const auto* part : {"tags", "user", "request", "sdk", "release", "environment", "timestamp"})
      EXPECT_TRUE(event.contains(part)) << part;
    for (const auto* context : {"os", "runtime", "device", "browser"}) EXPECT_TRUE(event["contexts"].contains(context));
    EXPECT_EQ(text.find("{{"), std::string::npos) << "a slot was left unfilled: " << text;
  }
  EXPECT_NEAR(static_cast<double>(bytes) / 500, 5800, 300);
}

TEST(GRAPH_08_events, are_the_same_for_the_same_seed) {
  const auto one = make_events(corpus(), 50, {.seed = 7}), again = make_events(corpus(), 50, {.seed = 7});
  const auto other = make_events(corpus(), 50, {.seed = 8});
  std::size_t different = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(without_what_varies(Json::parse(one[i])), without_what_varies(Json::parse(again[i])));
    different += without_what_varies(Json::parse(one[i])) != without_what_varies(Json::parse(other[i])) ? 1 : 0;
  }
  EXPECT_GT(different, 45U);
}

TEST(GRAPH_08_events, belong_to_issues_by_zipfs_law) {
  constexpr int kEvents = 3000;
  EventMaker maker(corpus(), {.issues = 100});
  std::map<std::uint32_t, int> counts;
  for (int i = 0; i < kEvents; ++i) ++counts[maker.make().issue];
  const double harmonic = 5.187;  // sum of 1/k for k up to 100
  EXPECT_NEAR(counts[0], kEvents / harmonic, kEvents * 0.03);
  EXPECT_NEAR(counts[1], kEvents / harmonic / 2, kEvents * 0.03);
  EXPECT_GT(counts.size(), 95U);
}

TEST(GRAPH_08_events, of_more_issues_than_the_corpus_has_failures_still_differ) {
  EventMaker maker(corpus(), {.issues = 500, .zipf = 0});
  std::map<std::uint32_t, std::string> stacks;
  std::set<std::string> distinct;
  for (int i = 0; i < 3000; ++i) {
    const auto body = maker.make();
    auto& stack = stacks[body.issue];
    if (!stack.empty()) continue;
    stack = Json::parse(body.json)["exception"]["values"].back().dump();
    distinct.insert(stack);
  }
  EXPECT_GT(stacks.size(), 490U);
  EXPECT_EQ(distinct.size(), stacks.size());
}

TEST(GRAPH_08_events, sent_from_a_pool_never_share_an_id_and_carry_the_time_of_sending) {
  EventMaker maker(corpus(), {});
  EventPool pool(maker, 8, 1);
  const EventIds ids;
  std::set<std::string> seen;
  for (std::uint64_t i = 0; i < 64; ++i) {
    std::string text;
    pool.append(text, ids, i, 1'700'000'000'123 + static_cast<std::int64_t>(i) * 1000);
    const auto event = Json::parse(text);
    EXPECT_TRUE(seen.insert(event["event_id"]).second);
    EXPECT_EQ(event["timestamp"], rfc3339(1'700'000'000'123 + static_cast<std::int64_t>(i) * 1000));
    EXPECT_EQ(event["user"]["email"], "user" + event["user"]["id"].get<std::string>() + "@example.com");
  }
  EXPECT_EQ(rfc3339(1'700'000'000'123), "2023-11-14T22:13:20.123Z");
}

TEST(GRAPH_08_event_ids, tell_their_number_and_refuse_foreign_ones) {
  const EventIds ids, others;
  for (const std::uint64_t number : {0ULL, 1ULL, 12'345'678ULL, ~0ULL}) {
    std::string id(EventIds::kLength, ' ');
    ids.write(number, id.data());
    EXPECT_EQ(ids.number(id), number);
    EXPECT_FALSE(others.number(id).has_value());
  }
  EXPECT_FALSE(ids.number("not an id").has_value());
  EXPECT_FALSE(ids.number(std::string(EventIds::kLength, 'G')).has_value());
}

}  // namespace
}  // namespace mesher::bench
