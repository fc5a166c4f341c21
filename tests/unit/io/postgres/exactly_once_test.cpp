#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "io/postgres/event_rows.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;
using testing::EventMaker;
using testing::StoreFixture;

/// Commits until the database takes it, as the committer does.
nodes::ports::Committed commit_with_patience(EventStore& store, const nodes::ports::WriteSet& set) {
  const auto until = std::chrono::steady_clock::now() + 60s;
  while (true) {
    auto committed = store.commit(set);
    if (committed) return std::move(*committed);
    EXPECT_EQ(committed.error().code, ErrorCode::unavailable) << committed.error().message;
    if (committed.error().code != ErrorCode::unavailable || std::chrono::steady_clock::now() > until) return {};
    std::this_thread::sleep_for(5ms);
  }
}

void expect_books_agree(StoreFixture& f, std::int64_t events) {
  ASSERT_TRUE(f.connection.broken() || true);
  auto connection = Connection::open(f.options);
  ASSERT_TRUE(connection) << connection.error().message;
  f.connection = std::move(*connection);
  EXPECT_EQ(f.number("select count(*) from events"), events);
  EXPECT_EQ(f.number("select count(distinct event_id) from events"), events);
  EXPECT_EQ(f.number("select sum(event_count) from issues"), events);
  EXPECT_EQ(f.number("select sum(events) from project_hours"), events);
  EXPECT_EQ(f.number("select sum(events) from issue_hours"), events);
  EXPECT_EQ(f.number("select sum(quantity) from outcomes where outcome = 'accepted'"), events);
  EXPECT_EQ(f.number("select count(*) from issues i where event_count <> (select count(*) from events e "
                     "where e.project_id = i.project_id and e.issue_id = i.id)"),
            0);
  EXPECT_EQ(
      f.number("select count(*) from issues i, lateral (select min(occurred_at) as first, max(occurred_at) as last "
               "from events e where e.project_id = i.project_id and e.issue_id = i.id) s "
               "where i.event_count > 0 and (i.first_seen <> s.first or i.last_seen <> s.last)"),
      0);
  EXPECT_EQ(f.number("select count(*) from events e left join event_blocks b using (project_id, day, block_id) "
                     "where b.data is null"),
            0);
}

TEST(RESIL_03_exactly_once, kill_9_of_postgres_while_two_writers_commit) {
  StoreFixture f(testing::fresh_database_of_own_server());
  constexpr int kSets = 60, kEvents = 40;
  const auto ids = f.make_issues(7);
  std::atomic<bool> done{false};
  std::atomic<int> stored{0}, fresh{0};
  std::vector<std::jthread> writers;
  for (std::uint32_t partition = 0; partition < 2; ++partition) {
    writers.emplace_back([&, partition] {
      EventMaker maker(partition + 1);
      for (int i = 0; i < kSets; ++i) {
        std::vector<nodes::Event*> events;
        for (int n = 0; n < kEvents; ++n) events.push_back(&maker.make(f.project, ids[maker.random(7)], f.now + n));
        auto set = f.set(events, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i) + 1);
        set.partition = partition;
        const auto committed = commit_with_patience(f.store, set);
        EXPECT_EQ(std::count(committed.duplicate.begin(), committed.duplicate.end(), true), 0);
        for (const auto& change : committed.issues) fresh += change.is_new;
        ++stored;
      }
    });
  }
  // Three kills, spread over the work.
  for (const int after : {10, 45, 90}) {
    while (stored < after) std::this_thread::sleep_for(1ms);
    const auto before = testing::server().pid();
    kill(before, SIGKILL);
    while (testing::server().pid() == before || testing::server().pid() == 0) std::this_thread::sleep_for(5ms);
  }
  writers.clear();
  EXPECT_EQ(fresh, 7);  // each issue was new once, also when the answer of its commit was lost
  EXPECT_TRUE(f.health.good()) << f.health.reason();
  expect_books_agree(f, 2 * kSets * kEvents);
}

TEST(RESIL_03_exactly_once, a_session_that_is_cut_off_is_replaced) {
  StoreFixture f;
  const auto ids = f.make_issues(1);
  EventMaker maker;
  ASSERT_TRUE(f.store.commit(f.set({&maker.make(f.project, ids[0], f.now)}, 0, 1)));
  ASSERT_TRUE(
      f.connection.query("select pg_terminate_backend(pid) from pg_stat_activity "
                         "where pid <> pg_backend_pid() and datname = current_database()"));
  commit_with_patience(f.store, f.set({&maker.make(f.project, ids[0], f.now)}, 1, 2));
  EXPECT_EQ(f.make_issues(2).size(), 2U);
  expect_books_agree(f, 2);
}

TEST(GROUP_05_exactly_once, counters_rollups_and_outcomes_equal_the_rows_for_random_work) {
  StoreFixture f;
  const auto other = testing::make_project(f.connection, "other");
  const auto ids = f.make_issues(9);
  std::vector<nodes::ports::IssueStore::Wanted> more{testing::wanted(other, {1}), testing::wanted(other, {2})};
  const auto other_ids = f.issues.find_or_create(more);
  ASSERT_TRUE(other_ids);
  EventMaker maker(42);
  std::vector<nodes::Event*> sent;
  std::int64_t duplicates = 0, quarantined = 0, sampled = 0;
  std::map<std::int64_t, std::set<std::string>> users;
  for (std::uint64_t round = 0; round < 60; ++round) {
    std::vector<nodes::Event*> events;
    const auto count = maker.random(30);
    for (std::uint64_t i = 0; i < count; ++i) {
      const bool here = maker.random(3) > 0;
      auto& event =
          maker.make(here ? f.project : other, here ? ids[maker.random(9)] : (*other_ids)[maker.random(2)].issue_id,
                     f.now - static_cast<UnixMicros>(maker.random(3 * 86'400)) * 1'000'000);
      event.timestamp = event.received - static_cast<UnixMicros>(maker.random(100'000'000));
      event.level = static_cast<nodes::Level>(maker.random(5));
      event.key_id = static_cast<std::uint32_t>(maker.random(2));
      event.user.id = maker.keep(fmt::format("user {}", maker.random(60)));
      event.environment = maker.random(2) ? "production" : "";
      event.tags = maker.keep_tags({{"host", maker.keep(fmt::format("web-{}", maker.random(4)))}, {"empty", ""}});
      if (!sent.empty() && maker.random(10) == 0) {
        // A client's retry: the same id within the day.
        const auto* again = sent[maker.random(sent.size())];
        event.id = again->id;
        event.project_id = again->project_id;
        event.issue_id = again->issue_id;
        event.received = again->received;
      } else {
        sent.push_back(&event);
        users[event.issue_id].emplace(event.user.id);
      }
      events.push_back(&event);
    }
    auto set = f.set(events, round, round + 1);
    set.outcomes.push_back({f.project, 1, f.now, "sampled", "rate", "error", 2});
    sampled += 2;
    if (maker.random(4) == 0) {
      set.outcomes.push_back({f.project, 1, f.now, "quarantined", "", "error", 1});
      set.quarantined.push_back({f.project, 1, nodes::EventId::random(), f.now, "scrub", "thrown", "{}"});
      ++quarantined;
    }
    const auto committed = f.store.commit(set);
    ASSERT_TRUE(committed) << committed.error().message;
    duplicates += std::count(committed->duplicate.begin(), committed->duplicate.end(), true);
  }
  expect_books_agree(f, static_cast<std::int64_t>(sent.size()));
  EXPECT_GT(duplicates, 0);
  EXPECT_EQ(f.number("select coalesce(sum(quantity), 0) from outcomes where reason = 'duplicate'"), duplicates);
  EXPECT_EQ(f.number("select sum(quantity) from outcomes where outcome = 'sampled'"), sampled);
  EXPECT_EQ(f.number("select count(*) from quarantine"), quarantined);
  EXPECT_EQ(f.number("select count(*) from (select project_id, date_trunc('hour', received_at) h, level, count(*) n "
                     "from events group by 1, 2, 3) e full join project_hours p "
                     "on p.project_id = e.project_id and p.hour = e.h and p.level = e.level "
                     "where e.n is distinct from p.events"),
            0);
  EXPECT_EQ(f.number("select count(*) from (select project_id, issue_id, date_trunc('hour', received_at) h, count(*) n "
                     "from events group by 1, 2, 3) e full join issue_hours p "
                     "on p.project_id = e.project_id and p.issue_id = e.issue_id and p.hour = e.h "
                     "where e.n is distinct from p.events"),
            0);
  EXPECT_EQ(f.number("select count(*) from (select project_id, day, key, value, count(*) n from events, "
                     "lateral (select key, value from tag_pairs(tags) union all select 'environment', environment "
                     "where environment is not null) t group by 1, 2, 3, 4) e full join tag_days d "
                     "on d.project_id = e.project_id and d.day = e.day and d.key = e.key and d.value = e.value "
                     "where e.n is distinct from d.events"),
            0);
  EXPECT_EQ(f.number("select count(*) from (select project_id, day, key, sum(events) as events, "
                     "count(*) filter (where value <> '') as named from tag_days group by 1, 2, 3) d "
                     "full join tag_key_days k using (project_id, day, key) "
                     "where d.events is distinct from k.events or d.named is distinct from k.named"),
            0);
  EXPECT_EQ(f.number("select count(*) from events where day <> (received_at at time zone 'UTC')::date"), 0);
  for (const auto& [issue, people] : users) {
    const auto counted = f.number(fmt::format("select user_count from issues where id = {}", issue));
    EXPECT_NEAR(static_cast<double>(counted), static_cast<double>(people.size()), 1.5) << "issue " << issue;
  }
}

TEST(GROUP_05_exactly_once, two_writers_with_the_same_ids_store_each_once) {
  StoreFixture f;
  const auto ids = f.make_issues(3);
  EventMaker maker;
  std::vector<nodes::EventId> shared;
  for (int i = 0; i < 200; ++i) shared.push_back(nodes::EventId::random());
  std::atomic<int> duplicates{0};
  std::vector<std::jthread> writers;
  for (std::uint32_t partition = 0; partition < 2; ++partition) {
    writers.emplace_back([&, partition] {
      EventMaker own(partition + 5);
      for (std::uint64_t i = 0; i < 10; ++i) {
        std::vector<nodes::Event*> events;
        for (std::uint64_t n = 0; n < 20; ++n) {
          auto& event = own.make(f.project, ids[own.random(3)], f.now);
          // The other writer takes them in the opposite order: what would be a deadlock is to be got over.
          event.id = shared[i * 20 + (partition == 0 ? n : 19 - n)];
          events.push_back(&event);
        }
        auto set = f.set(events, i, i + 1);
        set.partition = partition;
        const auto committed = commit_with_patience(f.store, set);
        duplicates += static_cast<int>(std::count(committed.duplicate.begin(), committed.duplicate.end(), true));
      }
    });
  }
  writers.clear();
  EXPECT_EQ(duplicates, 200);
  expect_books_agree(f, 200);
}

}  // namespace
}  // namespace mesher::postgres
