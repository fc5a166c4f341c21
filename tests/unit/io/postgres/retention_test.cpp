#include "io/postgres/retention.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "io/postgres/event_budget.hpp"
#include "io/postgres/event_days.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/storage_figures.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;
using testing::EventMaker;
using testing::StoreFixture;

/// Two projects with events of some days past.
struct RetentionFixture : testing::StoreFixture {
  RetentionFixture() : other(testing::make_project(connection, "other")) {
    const auto made = issues.find_or_create(std::vector{testing::wanted(other, {4711})});
    EXPECT_TRUE(made);
    others_issue = made->front().issue_id;
  }

  void keep(std::uint32_t its_project, const std::string& settings) {
    EXPECT_TRUE(connection.query("update projects set settings = $2::jsonb where id = $1::integer",
                                 Params().integer(its_project).text(settings)));
  }
  /// So many events of an issue, received `days` days ago.
  void add(std::uint32_t its_project, std::int64_t issue, std::int64_t days, int count) {
    EventMaker maker(seed_++);
    for (int i = 0; i < count; ++i) maker.make(its_project, issue, now - days * kDay + i * 1000);
    const auto committed = store.commit(set(maker.all(), cursor_, cursor_ + static_cast<std::uint64_t>(count)));
    ASSERT_TRUE(committed) << committed.error().message;
    cursor_ += static_cast<std::uint64_t>(count);
  }
  RetentionReport run(bool dry_run = false) {
    Retention retention;
    retention.now = now;
    retention.dry_run = dry_run;
    const auto report = retain(connection, retention);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? *report : RetentionReport{};
  }
  std::int64_t events_of(std::uint32_t its_project) {
    return number(fmt::format("select count(*) from events where project_id = {}", its_project));
  }
  std::int64_t orphans() {
    return number(
        "select count(*) from event_blocks b where not exists"
        " (select from events e where e.block_id = b.block_id and e.day = b.day)");
  }
  std::int64_t days() { return static_cast<std::int64_t>(event_days(connection)->size()); }

  std::uint32_t other = 0;
  std::int64_t others_issue = 0;

 private:
  std::uint64_t seed_ = 1, cursor_ = 0;
};

TEST(RETAIN_01_retention, drops_days_that_nobody_keeps_and_deletes_stragglers_of_the_others) {
  RetentionFixture f;
  f.keep(f.project, R"({"retention_days": 5})");
  f.keep(f.other, R"({"retention_days": 30})");
  const auto ids = f.make_issues(1);
  for (const std::int64_t days : {0, 5, 6, 30, 31}) {
    f.add(f.project, ids[0], days, 10);
    f.add(f.other, f.others_issue, days, 3);
  }
  f.add(f.project, ids[0], 12, 7);  // a day that only the project has events of
  const auto days = f.days();

  const auto planned = f.run(true);
  EXPECT_EQ(f.events_of(f.project), 57);
  const auto report = f.run();
  EXPECT_EQ(report.days_dropped, 2U);  // 31 and 12 days ago
  EXPECT_EQ(planned.days_dropped, report.days_dropped);
  EXPECT_EQ(report.events_deleted, 20U);  // 6 and 30 days ago
  EXPECT_EQ(planned.events_deleted, report.events_deleted);
  EXPECT_EQ(report.days_postponed, 0U);
  EXPECT_EQ(f.events_of(f.project), 20);
  EXPECT_EQ(f.events_of(f.other), 12);
  EXPECT_EQ(f.days(), days - 2);
  EXPECT_EQ(f.orphans(), 0);
  EXPECT_EQ(f.number("select count(*) from event_blocks"), 6);
  EXPECT_EQ(f.run().events_deleted, 0U);

  // What comes late, for a day that was dropped, is stored all the same, and goes with the next run.
  f.add(f.project, ids[0], 31, 2);
  EXPECT_EQ(f.events_of(f.project), 22);
  EXPECT_EQ(f.run().days_dropped, 1U);
  EXPECT_EQ(f.events_of(f.project), 20);
}

TEST(RETAIN_01_retention, days_to_come_and_settings_that_make_no_sense_are_no_danger) {
  RetentionFixture f;
  f.keep(f.project, R"({"retention_days": -7})");
  f.keep(f.other, R"({"retention_days": "all"})");
  ASSERT_TRUE(f.partitions.make_ahead(f.connection, f.now / kDay));
  const auto ids = f.make_issues(1);
  f.add(f.project, ids[0], 0, 4);
  f.add(f.project, ids[0], 1, 4);
  const auto days = f.days();
  EXPECT_EQ(f.run().days_dropped, 0U);
  EXPECT_EQ(f.events_of(f.project), 8);
  EXPECT_EQ(f.days(), days);
}

TEST(RETAIN_01_retention, goes_on_where_a_killed_run_has_left_off) {
  RetentionFixture f;
  f.keep(f.project, R"({"retention_days": 5})");
  f.keep(f.other, R"({"retention_days": 5})");
  const auto ids = f.make_issues(1);
  f.add(f.project, ids[0], 8, 3);
  f.add(f.project, ids[0], 9, 3);
  const auto found = event_days(f.connection);
  ASSERT_TRUE(found);
  // Killed after the detaching of the one, and after that of the events of the other.
  for (const auto& day : *found) {
    if (day.day != f.now / kDay - 8 && day.day != f.now / kDay - 9) continue;
    ASSERT_TRUE(f.connection.execute("alter table events detach partition " + day.events_table() + " concurrently"));
    if (day.day == f.now / kDay - 9) {
      ASSERT_TRUE(f.connection.execute("drop table " + day.events_table()));
    }
  }
  EXPECT_EQ(f.run().days_dropped, 2U);
  EXPECT_EQ(f.number("select count(*) from pg_class where relname ~ '^event(s|_blocks)_[0-9]{8}$' and relkind = 'r'"),
            0);
}

TEST(RETAIN_01_retention, only_one_does_it_at_a_time) {
  RetentionFixture f;
  auto somebody = Connection::open(f.options);
  ASSERT_TRUE(somebody);
  ASSERT_TRUE(somebody->query("select pg_advisory_lock(7308332192)"));
  EXPECT_TRUE(f.run().busy);
  ASSERT_TRUE(somebody->query("select pg_advisory_unlock(7308332192)"));
  EXPECT_FALSE(f.run().busy);
}

TEST(RETAIN_01_retention, who_reads_a_day_makes_it_wait_and_who_writes_does_not_notice) {
  RetentionFixture f;
  f.keep(f.project, R"({"retention_days": 5})");
  f.keep(f.other, R"({"retention_days": 5})");
  const auto ids = f.make_issues(1);
  f.add(f.project, ids[0], 8, 3);
  auto reader = Connection::open(f.options);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->execute("begin"));
  ASSERT_EQ(reader->query("select count(*) from events")->integer(0, 0), 3);
  RetentionReport report;
  std::atomic<bool> done{false};
  std::jthread retention([&] {
    auto connection = Connection::open(f.options);
    ASSERT_TRUE(connection);
    Retention its;
    its.now = f.now;
    const auto answer = retain(*connection, its);
    ASSERT_TRUE(answer) << answer.error().message;
    report = *answer;
    done = true;
  });
  // It waits for the reader, until it has waited long enough.
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (!done && f.number("select count(*) from pg_stat_activity where datname = current_database()"
                           " and query like 'alter table events detach%' and wait_event_type = 'Lock'") == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(5ms);
  }
  f.add(f.project, ids[0], 0, 5);  // would fail if a lock on all partitions were waited for: the reader is still there
  ASSERT_TRUE(reader->execute("rollback"));
  retention.join();
  if (report.days_postponed > 0) report = f.run();
  EXPECT_EQ(report.days_dropped, 1U);
  EXPECT_EQ(f.events_of(f.project), 5);
}

TEST(RETAIN_02_retention, issues_counts_and_roll_ups_outlive_their_events) {
  RetentionFixture f;
  f.keep(f.project, R"({"retention_days": 5})");
  f.keep(f.other, R"({"retention_days": 5})");
  const auto ids = f.make_issues(2);
  f.add(f.project, ids[0], 9, 10);
  f.add(f.project, ids[1], 0, 10);
  EXPECT_EQ(f.run().days_dropped, 1U);
  EXPECT_EQ(f.events_of(f.project), 10);
  EXPECT_EQ(f.number("select sum(event_count)::bigint from issues"), 20);
  EXPECT_EQ(f.number("select sum(events)::bigint from project_hours"), 20);
  EXPECT_EQ(f.number("select sum(events)::bigint from issue_hours"), 20);
  EXPECT_EQ(f.number("select sum(events)::bigint from issue_days"), 20);
}

TEST(RETAIN_02_retention, what_people_said_and_what_was_quarantined_goes_by_the_same_age) {
  RetentionFixture f;
  f.keep(f.project, R"({"retention_days": 5})");
  for (const auto* age : {"4 days", "20 days"}) {
    ASSERT_TRUE(
        f.connection.query("insert into quarantine (project_id, key_id, event_id, received_at, node, reason, payload)"
                           " values ($1::integer, 1, gen_random_uuid(), now() - $2::interval, 'parse', 'r', '{}')",
                           Params().integer(f.project).text(age)));
    ASSERT_TRUE(
        f.connection.query("insert into feedback (project_id, id, received_at, name, email, comments, url)"
                           " values ($1::integer, gen_random_uuid(), now() - $2::interval, '', '', 'c', '')",
                           Params().integer(f.project).text(age)));
  }
  EXPECT_EQ(f.run(true).others_deleted, 2U);
  EXPECT_EQ(f.run().others_deleted, 2U);
  EXPECT_EQ(f.number("select count(*) from quarantine"), 1);
  EXPECT_EQ(f.number("select count(*) from feedback"), 1);
}

TEST(RETAIN_01_budget, is_shared_so_that_small_issues_keep_all) {
  EXPECT_EQ(share_of_budget({10, 10, 1000}, 500), 480U);
  EXPECT_EQ(share_of_budget({1000, 1000, 100, 100}, 1000), 400U);
  EXPECT_EQ(share_of_budget({5, 5}, 1000), 1000U);  // all fit
  EXPECT_EQ(share_of_budget(std::vector<std::uint64_t>(500, 100), 1000), kFewestOfIssue);
  EXPECT_EQ(share_of_budget({}, 1000), 1000U);
}

TEST(RETAIN_01_budget, keeps_the_first_the_latest_and_a_sample_of_every_issue) {
  RetentionFixture f;
  f.keep(f.project, R"({"event_budget": 1000})");
  const auto ids = f.make_issues(2);
  f.add(f.project, ids[1], 2, 30);
  for (int day = 4; day >= 0; --day) f.add(f.project, ids[0], day, 600);
  const auto firsts =
      "select string_agg(event_id::text, ',' order by received_at) from"
      " (select event_id, received_at from events where issue_id = $1::bigint order by received_at limit 5) f";
  const auto before = f.connection.query(firsts, Params().integer(ids[0]));
  ASSERT_TRUE(before);
  const std::string first(before->text(0, 0));
  const auto latest = f.number("select extract(epoch from max(received_at))::bigint from events");

  EXPECT_EQ(f.run(true).events_thinned, 2030U);
  const auto report = f.run();
  EXPECT_EQ(report.events_thinned, 2030U);
  EXPECT_EQ(f.events_of(f.project), 1000);
  EXPECT_EQ(f.number(fmt::format("select count(*) from events where issue_id = {}", ids[1])), 30);
  EXPECT_EQ(f.connection.query(firsts, Params().integer(ids[0]))->text(0, 0), first);
  EXPECT_EQ(f.number("select extract(epoch from max(received_at))::bigint from events"), latest);
  // Of every day something is left, and of the latest most.
  EXPECT_EQ(f.number("select count(distinct day) from events"), 5);
  EXPECT_GT(f.number("select count(*) from events where day = (now() at time zone 'UTC')::date"), 450);
  EXPECT_EQ(f.number("select sum(event_count)::bigint from issues"), 3030);
  EXPECT_EQ(f.number("select sum(events)::bigint from project_hours"), 3030);
  EXPECT_EQ(f.orphans(), 0);

  // A little more is no reason to begin again; more is, and what was kept in the middle thins out.
  f.add(f.project, ids[0], 0, 40);
  EXPECT_EQ(f.run().events_thinned, 0U);
  f.add(f.project, ids[0], 0, 400);
  EXPECT_EQ(f.run().events_thinned, 440U);
  EXPECT_EQ(f.events_of(f.project), 1000);
  EXPECT_EQ(f.connection.query(firsts, Params().integer(ids[0]))->text(0, 0), first);
}

TEST(RETAIN_03_storage, is_measured_by_project_and_day_and_adds_up) {
  RetentionFixture f;
  const auto ids = f.make_issues(1);
  f.add(f.project, ids[0], 3, 300);
  f.add(f.other, f.others_issue, 3, 100);
  f.add(f.project, ids[0], 0, 50);
  f.run();
  Pool pool(f.options, 2);
  const auto mine = storage_of(pool, f.project, f.now / kDay);
  ASSERT_TRUE(mine) << mine.error().message;
  ASSERT_EQ(mine->days.size(), 2U);
  EXPECT_EQ(mine->days[0].events, 300);
  EXPECT_EQ(mine->days[0].blocks, 2);
  EXPECT_EQ(mine->days[1].events, 50);
  EXPECT_GT(mine->days[0].bytes.payloads, 0);
  EXPECT_TRUE(mine->measured_at);
  const auto theirs = storage_of(pool, f.other, f.now / kDay);
  ASSERT_TRUE(theirs);
  // Shares of one table: rounding aside, together it.
  const auto table = f.number(fmt::format("select pg_table_size('{}')", (*event_days(f.connection))[0].events_table()));
  EXPECT_NEAR(static_cast<double>(mine->days[0].bytes.rows + theirs->days[0].bytes.rows), static_cast<double>(table),
              2);

  const auto all = storage_of_instance(pool);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_GT(all->database_bytes, 1'000'000);
  ASSERT_EQ(all->projects.size(), 2U);
  EXPECT_EQ(all->projects[0].project_id, f.project);
  EXPECT_EQ(all->projects[0].events, 350);
  EXPECT_EQ(all->days.size(), 2U);

  // Today counts at once; a day before only when it has been measured again.
  f.add(f.project, ids[0], 0, 7);
  EXPECT_EQ(storage_of(pool, f.project, f.now / kDay)->days[1].events, 57);
}

TEST(RETAIN_03_storage, blocks_without_events_are_deleted) {
  RetentionFixture f;
  const auto ids = f.make_issues(2);
  f.add(f.project, ids[0], 3, 300);
  f.add(f.project, ids[1], 3, 3);
  ASSERT_TRUE(f.connection.query("delete from events where issue_id = $1::bigint", Params().integer(ids[0])));
  EXPECT_EQ(f.orphans(), 2);
  ASSERT_TRUE(f.connection.execute("select pg_stat_force_next_flush()"));
  EXPECT_EQ(f.run().blocks_deleted, 2U);
  EXPECT_EQ(f.number("select count(*) from event_blocks"), 1);
}

}  // namespace
}  // namespace mesher::postgres
