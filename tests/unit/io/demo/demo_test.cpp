#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "io/demo/event_maker.hpp"
#include "io/demo/memory_journal.hpp"
#include "io/demo/schedule.hpp"
#include "io/demo/slots.hpp"
#include "nodes/event_json.hpp"
#include "nodes/fingerprint_node.hpp"
#include "nodes/ports/journal.hpp"
#include "nodes/record.hpp"
#include "nodes/validate.hpp"

namespace mesher::demo {
namespace {

constexpr UnixMicros kEnd = 1'796'132'520'000'000;  // 2026-12-01

const Material& material() {
  static const auto kMaterial = read_material(built_in_files());
  return kMaterial.value();
}

UnixMicros time_in(const Piece& piece) {
  return time_of((piece.from + piece.to) / 2, kEnd);
}

TEST(UI_01_demo_material, tells_of_several_languages_with_a_regression_an_escalation_and_a_storm) {
  std::set<std::string> platforms, acts;
  double largest = 0;
  bool escalates = false;
  for (const auto& story : material().stories) {
    platforms.insert(material().services[story.service].platform);
    for (const auto& action : story.actions) {
      acts.insert(action.what);
      escalates = escalates || action.detail.find("escalating") != std::string::npos;
    }
    for (const auto& piece : story.schedule) largest = piece.burst ? std::max(largest, piece.events) : largest;
  }
  EXPECT_GE(platforms.size(), 5U);
  EXPECT_EQ(acts, (std::set<std::string>{"archive", "assign", "comment", "resolve", "resolve_next_release"}));
  EXPECT_TRUE(escalates);
  EXPECT_GT(largest, 2000);
}

TEST(UI_01_demo_material, a_mistake_in_it_is_named_with_its_story) {
  const auto read = read_material({{"services", "{}"}, {"x", R"([{"name":"lost","service":"nowhere"}])"}});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "story x: lost: no such service: nowhere");
}

TEST(UI_01_demo_events, are_taken_at_the_door_and_each_story_is_one_issue) {
  const EventMaker maker(material(), 1);
  std::map<std::string, std::string> story_of;
  for (std::size_t s = 0; s < material().stories.size(); ++s) {
    const auto& story = material().stories[s];
    for (std::uint64_t n = 0; n < 40; ++n) {
      auto made = maker.make(s, n, time_in(story.schedule[n % story.schedule.size()]), kEnd);
      EXPECT_EQ(made.json.find("${"), std::string::npos) << made.json;
      const auto checked = nodes::validate_event(made.json, nodes::Strictness::strict);
      ASSERT_TRUE(checked) << story.name << ": " << checked.error->message;
      EXPECT_EQ(checked.event.id, made.id);
      const auto size = made.json.size();
      made.json.append(nodes::ports::kReadPadding, '\0');
      nodes::Record record;
      record.event_id = made.id;
      record.received = time_in(story.schedule[n % story.schedule.size()]);
      record.body = std::string_view(made.json).substr(0, size);
      nodes::Arena arena;
      nodes::EventReader reader;
      nodes::Grouper grouper;
      auto event = reader.read(record, arena);
      EXPECT_TRUE(event.trimmed.empty()) << story.name << ": " << event.trimmed.front().field;
      nodes::fingerprint_event(event, grouper, arena, nullptr, nullptr);
      const auto [at, fresh] = story_of.emplace(nodes::to_hex(event.hashes[0]), story.name);
      EXPECT_EQ(at->second, story.name) << "two stories in one issue";
      EXPECT_EQ(fresh, n == 0) << story.name << " is in several issues: " << event.title;
    }
  }
}

TEST(UI_01_demo_events, are_the_same_for_the_same_seed) {
  const EventMaker one(material(), 7), same(material(), 7), other(material(), 8);
  const auto at = time_of(10, kEnd);
  EXPECT_EQ(one.make(0, 3, at, kEnd).json, same.make(0, 3, at, kEnd).json);
  EXPECT_NE(one.make(0, 3, at, kEnd).json, other.make(0, 3, at, kEnd).json);
  EXPECT_NE(one.make(0, 3, at, kEnd).id, one.make(0, 4, at, kEnd).id);
  const auto first = moments(material(), kEnd, 7), again = moments(material(), kEnd, 7);
  ASSERT_EQ(first.size(), again.size());
  const auto equal = [](const Moment& a, const Moment& b) { return a.at == b.at && a.story == b.story && a.n == b.n; };
  EXPECT_TRUE(std::equal(first.begin(), first.end(), again.begin(), equal));
}

TEST(UI_01_demo_events, name_releases_that_were_deployed_and_have_the_mistake) {
  const EventMaker maker(material(), 1);
  const auto& stories = material().stories;
  const auto cart = std::find_if(stories.begin(), stories.end(), [](const Story& s) { return s.name == "cart-total"; });
  const auto story = static_cast<std::size_t>(cart - stories.begin());
  for (std::uint64_t n = 0; n < 200; ++n) {
    const auto event = nlohmann::json::parse(maker.make(story, n, time_of(8.6, kEnd), kEnd).json);
    EXPECT_EQ(event["release"], "storefront@5.13.0");  // 5.12.1 before it is free of the mistake
  }
}

TEST(UI_01_demo_schedule, fills_the_fortnight_in_order_with_as_many_as_the_stories_say) {
  double expected = 0;
  for (const auto& story : material().stories) {
    for (const auto& piece : story.schedule) expected += piece.events;
  }
  const auto all = moments(material(), kEnd, 1);
  EXPECT_NEAR(static_cast<double>(all.size()), expected, 60);  // each piece has whole events
  EXPECT_GE(all.front().at, time_of(0, kEnd));
  EXPECT_LE(all.back().at, kEnd);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Moment& a, const Moment& b) { return a.at < b.at; }));
}

TEST(UI_01_demo_slots, are_filled_and_an_order_stays_the_same) {
  Random random(1);
  const auto text = fill_slots("order ${order} of ${order}, ${n:5-5} and ${n:-9--9}, ${word}", random);
  EXPECT_EQ(text.find('$'), std::string::npos) << text;
  EXPECT_NE(text.find(", 5 and -9, "), std::string::npos) << text;
  EXPECT_EQ(text.substr(6, 6), text.substr(16, 6)) << text;
}

TEST(UI_01_demo_journal, gives_what_was_appended_until_it_is_released) {
  MemoryJournal journal("j");
  journal.append({"aabbb", {2, 5}}, [](const Status& status) { EXPECT_TRUE(status); });
  const auto chunk = journal.read(0, 0, 10, 100, {});
  ASSERT_TRUE(chunk);
  ASSERT_EQ(chunk->entries.size(), 2U);
  EXPECT_EQ(chunk->entries[0], "aa");
  EXPECT_EQ(chunk->entries[1], "bbb");
  EXPECT_EQ(chunk->next, 2U);
  EXPECT_EQ(journal.read(0, 1, 1, 100, {})->entries[0], "bbb");
  journal.release(0, 2);
  EXPECT_TRUE(journal.wait_released(std::chrono::seconds(1)));
  EXPECT_EQ(journal.status().records_waiting, 0U);
}

}  // namespace
}  // namespace mesher::demo
