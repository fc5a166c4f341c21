#include "io/postgres/event_store.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/payload_block.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

using testing::EventMaker;
using testing::StoreFixture;

TEST(GROUP_05_event_store, one_transaction_stores_rows_payloads_counters_and_cursor) {
  StoreFixture f;
  const auto ids = f.make_issues(2);
  EventMaker maker;
  auto& first = maker.make(f.project, ids[0], f.now);
  first.level = nodes::Level::fatal;
  first.environment = "production";
  first.release = "1.0";
  first.user.id = "u1";
  first.tags = maker.keep_tags({{"browser", "Firefox"}, {"os", "Linux"}});
  maker.make(f.project, ids[1], f.now + 1);
  maker.make(f.project, ids[0], f.now + 2);
  const auto committed = f.store.commit(f.set(maker.all(), 0, 3));
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(committed->duplicate, (std::vector<bool>{false, false, false}));
  ASSERT_EQ(committed->issues.size(), 2U);
  EXPECT_EQ(committed->issues[0].event_count, 2U);
  EXPECT_TRUE(committed->issues[0].is_new);
  EXPECT_EQ(committed->issues[0].last_seen, f.now + 2 - 1000);

  EXPECT_EQ(f.number("select count(*) from events"), 3);
  EXPECT_EQ(f.number("select event_count from issues order by id limit 1"), 2);
  EXPECT_EQ(f.number("select user_count from issues order by id limit 1"), 1);
  EXPECT_EQ(f.number("select sum(events) from project_hours"), 3);
  EXPECT_EQ(f.number("select events from project_hours where level = 4"), 1);
  EXPECT_EQ(f.number("select count(*) from issue_hours"), 2);
  EXPECT_EQ(f.number("select count(*) from tag_days"), 4);
  EXPECT_EQ(f.number("select quantity from outcomes where outcome = 'accepted'"), 3);
  EXPECT_EQ(f.number("select position from journal_cursors"), 3);
  EXPECT_EQ(*f.store.cursor("journal", 0), 3U);

  const auto row = f.connection.query(
      "select e.message, e.environment, e.release, e.user_key, tag_value(e.tags, 'os'), b.data, e.block_index, "
      "e.received_at, "
      "e.occurred_at from events e join event_blocks b using (project_id, day, block_id) where e.event_id = $1::uuid",
      Params().text(first.id.hex()));
  ASSERT_TRUE(row && row->size() == 1);
  EXPECT_EQ(row->text(0, 0), first.message);
  EXPECT_EQ(row->text(0, 1), "production");
  EXPECT_EQ(row->text(0, 2), "1.0");
  EXPECT_EQ(row->text(0, 3), "u1");
  EXPECT_EQ(row->text(0, 4), "Linux");
  EXPECT_EQ(row->time(0, 7), f.now);
  EXPECT_EQ(row->time(0, 8), f.now - 1000);
  const auto payload = read_payload(row->bytes(0, 5), static_cast<std::uint32_t>(row->integer(0, 6)));
  ASSERT_TRUE(payload);
  EXPECT_EQ(*payload, first.payload);
}

TEST(SEARCH_02_event_store, tags_are_found_by_key_and_value_in_sql) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  const std::vector<nodes::Tag> tags{{"a", "b"}, {"key", "a"}, {"b", ""}};
  maker.make(f.project, ids[0], f.now).tags = tags;
  maker.make(f.project, ids[0], f.now).tags = {};
  ASSERT_TRUE(f.store.commit(f.set(maker.all(), 0, 2)));
  const auto count = [&](const std::string& where) { return f.number("select count(*) from events e where " + where); };
  EXPECT_EQ(count("tag_value(tags, 'a') = 'b'"), 1);
  EXPECT_EQ(count("tag_value(tags, 'key') = 'a'"), 1);
  EXPECT_EQ(count("tag_value(tags, 'b') = ''"), 1);
  EXPECT_EQ(count("tag_value(tags, 'ke') is null"), 2);
  EXPECT_EQ(count("has_any_tag(tags, '{x,key}')"), 1);
  EXPECT_EQ(count("not has_any_tag(tags, '{x,ey}')"), 2);
  EXPECT_EQ(f.number("select count(*) from events e, tag_pairs(e.tags) t where t.key in ('a', 'key', 'b')"), 3);
  EXPECT_EQ(f.number("select count(*) from events e, tag_pairs(e.tags) t"), 3);
}

TEST(GROUP_05_event_store, refuses_a_set_whose_cursor_has_moved) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  maker.make(f.project, ids[0], f.now);
  ASSERT_TRUE(f.store.commit(f.set(maker.all(), 0, 5)));
  EventMaker other;
  other.make(f.project, ids[0], f.now);
  const auto refused = f.store.commit(f.set(other.all(), 4, 6));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().hint, "cursor");
  EXPECT_EQ(f.number("select count(*) from events"), 1);
}

TEST(GROUP_05_event_store, leaves_out_ids_that_are_stored) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  auto& first = maker.make(f.project, ids[0], f.now);
  ASSERT_TRUE(f.store.commit(f.set(maker.all(), 0, 1)));
  auto& twice = maker.make(f.project, ids[0], f.now);
  twice.id = first.id;
  auto& fresh = maker.make(f.project, ids[0], f.now);
  auto& again = maker.make(f.project, ids[0], f.now);
  again.id = fresh.id;
  const std::vector<nodes::Event*> events{&twice, &fresh, &again};

  const auto committed = f.store.commit(f.set(events, 1, 4));  // by memory
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(committed->duplicate, (std::vector<bool>{true, false, true}));

  // A store that remembers nothing finds them by the index.
  EventStore forgetful(f.options, f.clock, f.metrics, f.health, f.partitions);
  auto& third = maker.make(f.project, ids[0], f.now);
  const std::vector<nodes::Event*> more{&fresh, &third};
  const auto later = forgetful.commit(f.set(more, 4, 6));
  ASSERT_TRUE(later) << later.error().message;
  EXPECT_EQ(later->duplicate, (std::vector<bool>{true, false}));
  EXPECT_EQ(f.number("select count(*) from events"), 3);
  EXPECT_EQ(f.number("select event_count from issues"), 3);
  EXPECT_EQ(f.number("select quantity from outcomes where outcome = 'accepted'"), 3);
  EXPECT_EQ(f.number("select quantity from outcomes where outcome = 'invalid' and reason = 'duplicate'"), 3);
}

TEST(GROUP_05_event_store, finds_a_repeated_id_on_the_day_before) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  const auto midnight = f.now - f.now % kDay;
  EventMaker maker;
  auto& before = maker.make(f.project, ids[0], midnight - 1'000'000);
  ASSERT_TRUE(f.store.commit(f.set({&before}, 0, 1)));
  auto& after = maker.make(f.project, ids[0], midnight + 1'000'000);
  after.id = before.id;
  EventStore forgetful(f.options, f.clock, f.metrics, f.health, f.partitions);
  const auto committed = forgetful.commit(f.set({&after}, 1, 2));
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(committed->duplicate, (std::vector<bool>{true}));
  EXPECT_EQ(f.number("select count(*) from events"), 1);
}

TEST(GROUP_05_event_store, says_when_an_issue_is_gone) {
  StoreFixture f;
  EventMaker maker;
  maker.make(f.project, 4711, f.now);
  const auto refused = f.store.commit(f.set(maker.all(), 0, 1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_EQ(refused.error().hint, "issue");
  EXPECT_EQ(f.number("select count(*) from events"), 0);
  EXPECT_EQ(*f.store.cursor("journal", 0), 0U);
}

TEST(ISSUE_02_event_store, an_event_reopens_a_resolved_issue) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  auto& first = maker.make(f.project, ids[0], f.now);
  ASSERT_TRUE(f.store.commit(f.set({&first}, 0, 1)));
  ASSERT_TRUE(f.connection.execute("update issues set status = 'resolved', substatus = ''"));
  auto& second = maker.make(f.project, ids[0], f.now + 5);
  const auto committed = f.store.commit(f.set({&second}, 1, 2));
  ASSERT_TRUE(committed);
  EXPECT_TRUE(committed->issues[0].regressed);
  EXPECT_FALSE(committed->issues[0].is_new);
  EXPECT_EQ(committed->issues[0].status, "unresolved");
  EXPECT_EQ(
      f.number("select count(*) from issues where status = 'unresolved' and substatus = 'regressed' and is_regressed"),
      1);
}

TEST(RESIL_03_event_store, text_that_postgresql_cannot_hold_is_repaired) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  const std::string nasty = std::string("nul ") + '\0' + " here, no \xff\xc3 utf-8, \"quotes\" \\ \x01";
  auto& event = maker.make(f.project, ids[0], f.now);
  event.message = event.environment = event.release = event.user.id = nasty;
  event.tags = maker.keep_tags({{nasty, nasty}, {"k", ""}});
  event.payload = nasty;
  auto set = f.set({&event}, 0, 1);
  set.outcomes.push_back({f.project, 1, f.now, nasty, nasty, nasty, 2});
  set.quarantined.push_back({f.project, 1, event.id, f.now, nasty, nasty, nasty});
  const auto committed = f.store.commit(set);
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(f.number("select count(*) from events where message like 'nul \xEF\xBF\xBD here%'"), 1);
  EXPECT_EQ(f.number("select count(*) from events, tag_pairs(tags)"), 2);
  EXPECT_EQ(f.number("select count(*) from quarantine"), 1);
}

TEST(INGEST_08_event_store, outcomes_add_up_over_commits_and_replays) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  auto& event = maker.make(f.project, ids[0], f.now);
  auto set = f.set({}, 0, 1);
  set.outcomes.push_back({f.project, 1, f.now, "quarantined", "", "error", 1});
  set.quarantined.push_back({f.project, 1, event.id, f.now, "scrub", "thrown", std::string(event.payload)});
  ASSERT_TRUE(f.store.commit(set));
  event.replayed = true;
  ASSERT_TRUE(f.store.commit(f.set({&event}, 1, 2)));
  EXPECT_EQ(f.number("select sum(quantity) from outcomes where outcome = 'quarantined'"), 0);
  EXPECT_EQ(f.number("select sum(quantity) from outcomes where outcome = 'accepted'"), 1);
}

}  // namespace
}  // namespace mesher::postgres
