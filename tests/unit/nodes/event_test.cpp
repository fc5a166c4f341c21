#include "nodes/event.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mesher::nodes {
namespace {

TEST(event_id, is_read_with_and_without_dashes_in_either_case) {
  const auto plain = EventId::parse("0123456789abcdef0123456789abcdef");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->hex(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(EventId::parse("01234567-89AB-CDEF-0123-456789abcdef"), plain);
}

TEST(event_id, anything_else_is_none) {
  for (const std::string_view text : {"", "0", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
                                      "0123456789abcdef0123456789abcdeg", "01234567-89ab-cdef-0123-456789abcde",
                                      "0123456-789ab-cdef-0123-456789abcdef", "------------------------------------"}) {
    EXPECT_FALSE(EventId::parse(text)) << text;
  }
}

TEST(event_id, random_ones_are_version_4_and_differ) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto hex = EventId::random().hex();
    EXPECT_EQ(hex[12], '4');
    EXPECT_NE(std::string("89ab").find(hex[16]), std::string::npos);
    seen.insert(hex);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(level, names_round_trip_and_aliases_are_known) {
  for (const auto level : {Level::debug, Level::info, Level::warning, Level::error, Level::fatal}) {
    EXPECT_EQ(level_from(name_of(level)), level);
  }
  EXPECT_EQ(level_from("log"), Level::info);
  EXPECT_EQ(level_from("critical"), Level::fatal);
  EXPECT_EQ(level_from("WARN"), Level::warning);
  EXPECT_FALSE(level_from("loud"));
  EXPECT_FALSE(level_from(""));
  EXPECT_FALSE(level_from("errorerrorerror"));
}

TEST(user, key_is_the_first_that_is_there) {
  User user;
  EXPECT_EQ(user.key(), "");
  user.ip_address = "10.0.0.1";
  EXPECT_EQ(user.key(), "10.0.0.1");
  user.username = "u";
  user.email = "e";
  EXPECT_EQ(user.key(), "e");
  user.id = "7";
  EXPECT_EQ(user.key(), "7");
}

EventBatch events_with_messages(int n) {
  EventBatch batch;
  for (int i = 0; i < n; ++i) {
    Event event;
    event.message = batch.arena().copy("message " + std::to_string(i));
    event.payload = event.message;
    batch.events.push_back(event);
  }
  return batch;
}

TEST(event_batch, take_splits_and_keeps_the_order_and_the_memory) {
  std::unique_ptr<graph::Content> taken;
  {
    auto batch = events_with_messages(6);
    const std::vector<std::uint32_t> indices{0, 3, 5};
    taken = batch.take(indices);
    ASSERT_EQ(batch.size(), 3U);
    EXPECT_EQ(batch.events[0].message, "message 1");
    EXPECT_EQ(batch.events[1].message, "message 2");
    EXPECT_EQ(batch.events[2].message, "message 4");
  }
  const auto& events = static_cast<EventBatch&>(*taken).events;
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].message, "message 0");
  EXPECT_EQ(events[1].message, "message 3");
  EXPECT_EQ(events[2].message, "message 5");
}

TEST(event_batch, a_copy_outlives_the_original_and_does_not_see_its_changes) {
  std::unique_ptr<graph::Content> copy;
  {
    auto batch = events_with_messages(2);
    copy = batch.copy();
    batch.events[0].issue_id = 7;
    batch.events.pop_back();
  }
  const auto& events = static_cast<EventBatch&>(*copy).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].issue_id, 0);
  EXPECT_EQ(events[1].message, "message 1");
  EXPECT_EQ(copy->bytes(), 18U);
}

TEST(arena, concat_joins_parts) {
  Arena arena;
  const std::string_view parts[] = {"a", "", "bc"};
  EXPECT_EQ(arena.concat(parts), "abc");
  EXPECT_EQ(arena.copy(""), "");
}

}  // namespace
}  // namespace mesher::nodes
