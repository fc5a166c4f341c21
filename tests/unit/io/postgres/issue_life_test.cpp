#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "io/postgres/change_issues.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/issue_keeper.hpp"
#include "io/postgres/issue_moves.hpp"
#include "io/postgres/merge_issues.hpp"
#include "io/postgres/pool.hpp"
#include "nodes/issue_directory.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

using testing::EventMaker;
using testing::hash_of;
using testing::StoreFixture;

constexpr std::uint32_t kSomebody = 1;

/// Stores events as the pipeline does: looks up their issues, and again when the store says that they have changed.
class Pipeline {
 public:
  Pipeline(StoreFixture& fixture, std::uint32_t partition = 0)
      : f_(fixture), directory_(fixture.issues), partition_(partition) {}

  nodes::Event& event(std::uint64_t hash) {
    auto& event = maker_.make(f_.project, 0, f_.now);
    hashes_.push_back(std::make_unique<nodes::Fingerprint>(hash_of(hash)));
    event.hashes = {hashes_.back().get(), 1};
    event.title = "a title";
    waiting_.push_back(&event);
    return event;
  }

  /// One transaction. Answers what became of the issues; events that are discarded are left out.
  nodes::ports::Committed store() {
    nodes::ports::WriteSet set;
    set.journal_id = "journal";
    set.partition = partition_;
    set.cursor_from = cursor_;
    set.cursor_to = ++cursor_;
    for (int attempt = 0; attempt < 100; ++attempt) {
      set.events.clear();
      for (auto* event : waiting_) {
        const std::span<nodes::Event> one(event, 1);
        if (directory_.fill_known(one) > 0) {
          EXPECT_TRUE(directory_.fill_missing(one));
        }
        if (event->issue_id != nodes::kDiscardedIssue) set.events.push_back(event);
      }
      auto committed = f_.store.commit(set);
      if (committed) {
        stored += set.events.size();
        discarded += waiting_.size() - set.events.size();
        waiting_.clear();
        return *committed;
      }
      EXPECT_EQ(committed.error().hint, "issue") << committed.error().message;
      ++refused;
      directory_.forget(waiting_);
    }
    ADD_FAILURE() << "never stored";
    return {};
  }

  std::size_t stored = 0, discarded = 0, refused = 0;

 private:
  StoreFixture& f_;
  nodes::IssueDirectory directory_;
  std::uint32_t partition_;
  EventMaker maker_{std::random_device{}()};
  std::vector<std::unique_ptr<nodes::Fingerprint>> hashes_;
  std::vector<nodes::Event*> waiting_;
  std::uint64_t cursor_ = 0;
};

struct Life : testing::StoreFixture {
  Pool pool{options, 4};
  Pipeline pipeline{*this};

  std::int64_t issue_of(std::uint64_t hash) {
    Params params;
    const auto fingerprint = hash_of(hash);
    params.bytes({reinterpret_cast<const char*>(fingerprint.data()), fingerprint.size()});
    const auto rows = connection.query("select issue_id from issue_hashes where hash = $1::bytea", params);
    return rows && !rows->empty() ? rows->integer(0, 0) : -1;
  }
  void store(std::uint64_t hash, int count, std::string_view release = {}, UnixMicros later = 0) {
    for (int i = 0; i < count; ++i) {
      auto& event = pipeline.event(hash);
      event.release = release;
      event.received += later;
    }
    last = pipeline.store();
  }
  std::string state(std::int64_t issue) {
    const auto rows = connection.query("select status || '/' || substatus from issues where id = $1::bigint",
                                       Params().integer(issue));
    return rows && !rows->empty() ? std::string(rows->text(0, 0)) : "gone";
  }
  void edit(std::int64_t issue, const IssueEdit& edit) {
    IssueSelection selection;
    selection.ids = {issue};
    const auto changed = change_issues(pool, project, selection, edit, kSomebody);
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->changed, 1);
  }
  void move_all() {
    while (true) {
      const auto more = move_some(connection);
      ASSERT_TRUE(more) << more.error().message;
      if (!*more) return;
    }
  }
  /// Issues, roll-ups and rows tell the same.
  void expect_books_agree() {
    EXPECT_EQ(number("select count(*) from issue_moves"), 0);
    EXPECT_EQ(
        number("select count(*) from (select issue_id, count(*) as n from events group by 1) e full join issues i "
               "on i.id = e.issue_id where coalesce(e.n, 0) <> coalesce(i.event_count, -1)"),
        0);
    EXPECT_EQ(number("select count(*) from (select issue_id, date_trunc('hour', received_at) as hour, count(*) as n "
                     "from events group by 1, 2) e full join issue_hours h on h.issue_id = e.issue_id and "
                     "h.hour = e.hour where coalesce(e.n, 0) <> coalesce(h.events, -1)"),
              0);
    EXPECT_EQ(
        number("select count(*) from (select issue_id, (received_at at time zone 'UTC')::date as day, count(*) as n "
               "from events group by 1, 2) e full join issue_days d on d.issue_id = e.issue_id and d.day = e.day "
               "where coalesce(e.n, 0) <> coalesce(d.events, -1)"),
        0);
    // After a chain of splits and merges the issue's may be later than that of the events it has kept; never earlier.
    EXPECT_EQ(
        number("select count(*) from issues i join (select issue_id, max(received_at) as last from events group by 1) "
               "e on e.issue_id = i.id where e.last > i.last_received"),
        0);
    EXPECT_EQ(number("select count(*) from issue_hashes h left join issues i on i.id = h.issue_id "
                     "where i.id is null and h.issue_id <> 0"),
              0);
    EXPECT_EQ(
        number("select count(*) from issues i join (select issue_id, count(distinct user_key) as users from events "
               "group by 1) e on e.issue_id = i.id where abs(e.users - i.user_count) > 2"),
        0);
    EXPECT_EQ(number("select count(*) from issues i join (select issue_id, min(occurred_at) as first, max(occurred_at) "
                     "as last from events group by 1) e on e.issue_id = i.id "
                     "where e.first <> i.first_seen or e.last <> i.last_seen"),
              0);
  }
  nodes::ports::Committed last;
};

IssueEdit resolve() {
  IssueEdit edit;
  edit.state.emplace().status = "resolved";
  return edit;
}

IssueEdit archive(std::string asked) {
  IssueEdit edit;
  edit.state.emplace().status = "archived";
  edit.state->substatus = "archived_until_condition";
  edit.state->life.asked = std::move(asked);
  return edit;
}

TEST(ISSUE_02_store, a_regression_is_written_with_its_event) {
  Life f;
  f.store(1, 2);
  const auto issue = f.issue_of(1);
  f.edit(issue, resolve());
  f.store(1, 3);
  EXPECT_EQ(f.state(issue), "unresolved/regressed");
  ASSERT_EQ(f.last.issues.size(), 1U);
  EXPECT_TRUE(f.last.issues[0].regressed);
  EXPECT_EQ(f.last.issues[0].status, "unresolved");
  EXPECT_EQ(f.last.issues[0].substatus, "regressed");
  EXPECT_EQ(f.number("select count(*) from issue_activity where kind = 'regressed' and user_id is null and "
                     "length(data->>'event_id') = 32"),
            1);
  f.store(1, 1);
  EXPECT_FALSE(f.last.issues[0].regressed);
  EXPECT_EQ(f.number("select count(*) from issue_activity where kind = 'regressed'"), 1);
}

TEST(ISSUE_01_store, resolved_in_the_next_release_by_first_sight_and_by_version) {
  Life f;
  f.store(1, 1, "2.0.0");
  f.store(1, 1, "2.1.0");
  f.store(1, 1, "abc");
  f.store(2, 1, "zzz");
  EXPECT_EQ(f.number("select count(*) from releases"), 4);
  const auto issue = f.issue_of(1);
  auto edit = resolve();
  edit.state->life.asked = R"({"in":"next_release"})";
  ASSERT_TRUE(wait_for_next_release(f.pool, f.project, edit.state->life));
  EXPECT_EQ(edit.state->life.reference, "2.1.0");
  f.edit(issue, edit);
  for (const char* old : {"", "2.0.0", "2.1.0", "abc", "zzz", "1.9.9"}) {
    f.store(1, 1, old);
    EXPECT_EQ(f.state(issue), "resolved/") << old;
  }
  f.store(1, 1, "2.1.1");
  EXPECT_EQ(f.state(issue), "unresolved/regressed");
  f.edit(issue, edit);
  f.store(1, 1, "def");
  EXPECT_EQ(f.state(issue), "unresolved/regressed");
}

TEST(ISSUE_01_store, archived_until_more_events_a_window_or_users) {
  Life f;
  f.store(1, 5);
  const auto issue = f.issue_of(1);
  auto edit = archive(R"({"events":3})");
  edit.state->more_events = 3;
  f.edit(issue, edit);
  f.store(1, 2);
  EXPECT_EQ(f.state(issue), "archived/archived_until_condition");
  f.store(1, 1);
  EXPECT_EQ(f.state(issue), "unresolved/ongoing");
  EXPECT_TRUE(f.last.issues[0].unarchived);

  edit = archive(R"({"events":3,"window_seconds":3600})");
  edit.state->life.window_events = 3;
  edit.state->life.window_seconds = 3600;
  f.edit(issue, edit);
  f.store(1, 2);
  EXPECT_EQ(f.state(issue), "archived/archived_until_condition");
  f.store(1, 1);
  EXPECT_EQ(f.state(issue), "unresolved/ongoing");

  edit = archive(R"({"users":2})");
  edit.state->more_users = 2;
  f.edit(issue, edit);
  f.pipeline.event(1).user.id = "ann";
  f.pipeline.store();
  f.pipeline.event(1).user.id = "ann";
  f.pipeline.store();
  EXPECT_EQ(f.state(issue), "archived/archived_until_condition");
  f.pipeline.event(1).user.id = "bob";
  f.pipeline.store();
  EXPECT_EQ(f.state(issue), "unresolved/ongoing");
  EXPECT_EQ(f.number("select count(*) from issue_activity where kind = 'unarchived'"), 3);
}

TEST(ISSUE_03_store, escalates_against_its_own_usual_volume_and_is_archived_again) {
  Life f;
  f.store(1, 1);
  const auto issue = f.issue_of(1);
  // Three an hour, for a week.
  ASSERT_TRUE(f.connection.execute("update issues set first_seen = now() - interval '8 days'"));
  ASSERT_TRUE(f.connection.execute(
      "insert into issue_hours select project_id, id, date_trunc('hour', now()) - n * interval '1 hour', 3 "
      "from issues, generate_series(1, 168) n"));
  IssueEdit edit = archive(R"({"escalating":true,"rearchive":true})");
  edit.state->substatus = "archived_until_escalating";
  edit.state->life.escalating = edit.state->life.rearchive = true;
  f.edit(issue, edit);
  f.store(1, 29);
  EXPECT_EQ(f.state(issue), "archived/archived_until_escalating");
  f.store(1, 3);
  EXPECT_EQ(f.state(issue), "unresolved/escalating");
  ASSERT_TRUE(f.last.issues[0].escalating);
  EXPECT_EQ(f.last.issues[0].hourly, 32);
  EXPECT_NEAR(f.last.issues[0].usual, 3, 0.2);

  std::vector<std::string> told;
  const auto tell = [&](const nodes::IssueChange& change) { told.push_back(change.status); };
  const auto wake = [&] {
    EXPECT_TRUE(f.connection.execute("update issues set wake_at = now() - interval '1 second'"));
    const auto woken = wake_issues(f.connection, f.clock.now(), tell);
    EXPECT_TRUE(woken) << woken.error().message;
  };
  wake();
  EXPECT_EQ(f.state(issue), "unresolved/escalating") << "the hour is still loud";
  EXPECT_TRUE(told.empty());
  ASSERT_TRUE(f.connection.execute("update issue_hours set events = 3 where events > 3"));
  wake();
  EXPECT_EQ(f.state(issue), "archived/archived_until_escalating");
  EXPECT_EQ(told, std::vector<std::string>{"archived"});
  EXPECT_EQ(f.number("select count(*) from issue_activity where kind in ('escalating', 'archived_again')"), 2);
}

TEST(ISSUE_01_store, an_archived_issue_comes_back_at_its_time_without_an_event) {
  Life f;
  f.store(1, 1);
  const auto issue = f.issue_of(1);
  auto edit = archive(R"({"time":"x"})");
  edit.state->life.time = f.clock.now() + 50'000;
  f.edit(issue, edit);
  Health health;
  std::atomic<int> told = 0;
  IssueKeeper keeper(f.options, f.clock, health, [&](const nodes::IssueChange& change) {
    if (change.status == "unresolved") ++told;
  });
  keeper.start();
  while (told == 0) std::this_thread::yield();
  EXPECT_EQ(f.state(issue), "unresolved/ongoing");
}

TEST(ISSUE_04_store, a_change_is_undone_where_nobody_came_in_between) {
  Life f;
  for (std::uint64_t hash : {1, 2, 3}) f.store(hash, 1);
  IssueSelection all;
  all.condition = [](Params&) { return std::string("i.status = 'unresolved'"); };
  const auto changed = change_issues(f.pool, f.project, all, resolve(), kSomebody);
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->changed, 3);
  const auto again = change_issues(f.pool, f.project, all, resolve(), kSomebody);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->changed, 0);
  EXPECT_EQ(again->change_id, 0);
  f.store(2, 1);  // regresses
  const auto undone = undo_change(f.pool, f.project, changed->change_id, kSomebody);
  ASSERT_TRUE(undone) << undone.error().message;
  EXPECT_EQ(undone->changed, 2);
  EXPECT_EQ(undone->skipped, 1);
  EXPECT_EQ(f.state(f.issue_of(1)), "unresolved/new");
  EXPECT_EQ(f.state(f.issue_of(2)), "unresolved/regressed");
  const auto redone = undo_change(f.pool, f.project, undone->change_id, kSomebody);
  ASSERT_TRUE(redone);
  EXPECT_EQ(redone->changed, 2);
  EXPECT_EQ(f.state(f.issue_of(1)), "resolved/");
  EXPECT_FALSE(undo_change(f.pool, f.project, 999, kSomebody));
}

TEST(ORG_06_store, a_change_that_cannot_be_noted_does_not_happen) {
  Life f;
  for (std::uint64_t hash : {1, 2}) f.store(hash, 1);
  const auto one = f.issue_of(1), two = f.issue_of(2);
  const Error full{ErrorCode::unavailable, "the log is full", ""};
  IssueSelection selection;
  selection.ids = {one, two};
  std::int64_t seen = 0;
  const auto changed = change_issues(f.pool, f.project, selection, resolve(), kSomebody,
                                     [&](Connection&, const IssueChanges& changes) -> Status {
                                       seen = changes.changed;
                                       return full;
                                     });
  EXPECT_EQ(changed.error().message, full.message);
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(f.state(one), "unresolved/new");
  const auto refuse = [&](Connection&) -> Status { return full; };
  EXPECT_FALSE(merge_issues(f.pool, {f.project, one}, {two}, kSomebody, refuse));
  EXPECT_FALSE(delete_issue(f.pool, {f.project, one}, true, kSomebody, refuse));
  EXPECT_EQ(f.issue_of(1), one);
  EXPECT_EQ(f.issue_of(2), two);
  EXPECT_EQ(f.number("select count(*) from discarded_hashes") + f.number("select count(*) from issue_moves"), 0);
  EXPECT_EQ(f.number("select count(*) from issue_activity where kind in ('resolved', 'merged')"), 0);
}

TEST(GROUP_06_merge, takes_everything_over_and_later_events_follow) {
  Life f;
  for (int i = 0; i < 5; ++i) f.pipeline.event(1).user.id = "ann";
  for (int i = 0; i < 3; ++i) f.pipeline.event(2).user.id = i == 0 ? "ann" : "bob";
  f.store(3, 1);
  const auto one = f.issue_of(1), two = f.issue_of(2);
  const auto status = merge_issues(f.pool, {f.project, one}, {two}, kSomebody);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(f.issue_of(2), one);
  EXPECT_EQ(f.state(two), "gone");
  EXPECT_EQ(f.number(fmt::format("select event_count from issues where id = {}", one)), 8);
  EXPECT_EQ(f.number(fmt::format("select user_count from issues where id = {}", one)), 2);
  f.store(2, 4);
  EXPECT_EQ(f.pipeline.refused, 1U) << "the directory still had the old issue";
  f.move_all();
  f.expect_books_agree();
  EXPECT_EQ(f.number(fmt::format("select count(*) from events where issue_id = {}", one)), 12);
  const auto itself = merge_issues(f.pool, {f.project, one}, {one}, kSomebody);
  EXPECT_EQ(itself.error().code, ErrorCode::invalid);
  const auto unknown = merge_issues(f.pool, {f.project, one}, {two}, kSomebody);
  EXPECT_EQ(unknown.error().code, ErrorCode::not_found);
}

TEST(GROUP_06_split, parts_by_hash_and_counts_both_anew) {
  Life f;
  for (int i = 0; i < 2500; ++i) f.pipeline.event(1).user.id = i % 2 == 0 ? "ann" : "bob";
  for (int i = 0; i < 1200; ++i) f.pipeline.event(2).user.id = "eve";
  f.pipeline.store();
  const auto one = f.issue_of(1);
  ASSERT_TRUE(merge_issues(f.pool, {f.project, one}, {f.issue_of(2)}, kSomebody));
  const auto made = split_issue(f.pool, {f.project, one}, {hash_of(2)}, kSomebody);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(f.issue_of(2), *made);
  f.store(2, 7);
  f.store(1, 7);
  f.move_all();
  f.expect_books_agree();
  EXPECT_EQ(f.number(fmt::format("select event_count from issues where id = {}", *made)), 1207);
  EXPECT_EQ(f.number(fmt::format("select user_count from issues where id = {}", *made)), 1);
  EXPECT_EQ(f.number(fmt::format("select user_count from issues where id = {}", one)), 2);
  // A user who was counted before the split counts again afterwards.
  f.pipeline.event(1).user.id = "eve";
  f.pipeline.store();
  EXPECT_EQ(f.number(fmt::format("select user_count from issues where id = {}", one)), 3);
  EXPECT_EQ(split_issue(f.pool, {f.project, one}, {hash_of(1)}, kSomebody).error().code, ErrorCode::invalid);
  EXPECT_EQ(split_issue(f.pool, {f.project, one}, {hash_of(9)}, kSomebody).error().code, ErrorCode::invalid);
}

TEST(RETAIN_02_split, of_an_issue_whose_first_events_are_gone_keeps_what_they_have_said) {
  Life f;
  for (int i = 0; i < 20; ++i) {
    auto& event = f.pipeline.event(1);
    event.user.id = i < 10 ? "ann" : "bob";
    event.received = f.now - (i < 10 ? 5 : 1) * kDay + i;
    event.timestamp = event.received;
  }
  f.pipeline.event(2).user.id = "eve";
  f.pipeline.store();
  const auto one = f.issue_of(1);
  ASSERT_TRUE(merge_issues(f.pool, {f.project, one}, {f.issue_of(2)}, kSomebody));
  f.move_all();
  const auto first = "select extract(epoch from first_seen)::bigint from issues where id = " + std::to_string(one);
  const auto before = f.number(first);
  ASSERT_TRUE(f.connection.execute("delete from events where user_key = 'ann'"));  // as retention does
  ASSERT_TRUE(split_issue(f.pool, {f.project, one}, {hash_of(2)}, kSomebody));
  f.move_all();
  EXPECT_EQ(f.number(fmt::format("select event_count from issues where id = {}", one)), 20);
  EXPECT_EQ(f.number(first), before);
  EXPECT_GE(f.number(fmt::format("select user_count from issues where id = {}", one)), 2);
}

TEST(ISSUE_05_store, a_deleted_issue_is_gone_with_its_events_and_a_later_event_makes_a_new_one) {
  Life f;
  f.store(1, 2500);
  f.store(2, 1);
  const auto issue = f.issue_of(1);
  ASSERT_TRUE(delete_issue(f.pool, {f.project, issue}, false, kSomebody));
  EXPECT_EQ(f.state(issue), "gone");
  f.store(1, 3);
  f.move_all();
  f.expect_books_agree();
  EXPECT_NE(f.issue_of(1), issue);
  EXPECT_EQ(f.number("select count(*) from events"), 4);
}

TEST(ISSUE_05_store, events_of_a_discarded_hash_are_dropped_until_it_is_taken_back) {
  Life f;
  f.store(1, 2);
  ASSERT_TRUE(delete_issue(f.pool, {f.project, f.issue_of(1)}, true, kSomebody));
  f.store(1, 3);
  EXPECT_EQ(f.pipeline.discarded, 3U);
  EXPECT_EQ(f.number("select count(*) from events"), 0);
  const auto listed = list_discarded(f.pool, f.project, "", 10);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 1U);
  ASSERT_TRUE(restore_discarded(f.pool, f.project, hash_of(1)));
  EXPECT_FALSE(restore_discarded(f.pool, f.project, hash_of(1)));
  const auto until = std::chrono::steady_clock::now() + 2 * nodes::IssueDirectory::kTrustDiscarded;
  while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  f.store(1, 1);
  EXPECT_EQ(f.number("select count(*) from events"), 1);
  f.expect_books_agree();
}

TEST(GROUP_06_property, counts_roll_ups_and_rows_agree_after_random_merges_and_splits_under_load) {
  Life f;
  constexpr std::uint64_t kHashes = 12;
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> stored = 0;
  {
    std::vector<std::jthread> writers;
    for (std::uint32_t partition = 0; partition < 2; ++partition) {
      writers.emplace_back([&, partition] {
        Pipeline pipeline(f, partition + 1);
        std::mt19937_64 random(partition);
        while (!stop) {
          for (int i = 0; i < 40; ++i) {
            auto& event = pipeline.event(1 + random() % kHashes);
            event.received -= static_cast<UnixMicros>(random() % 3) * kHour;
            event.timestamp = event.received - static_cast<UnixMicros>(random() % 1'000'000);
            event.user.id = std::array{"ann", "bob", "eve"}[random() % 3];
          }
          pipeline.store();
        }
        stored += pipeline.stored;
      });
    }
    std::jthread mover([&] {
      auto connection = Connection::open(f.options);
      ASSERT_TRUE(connection);
      while (!stop) EXPECT_TRUE(move_some(*connection));
    });
    std::mt19937_64 random(11);
    int merges = 0, splits = 0;
    while (merges <= 20 || splits <= 10) {
      const auto a = f.issue_of(1 + random() % kHashes), b = f.issue_of(1 + random() % kHashes);
      if (a <= 0 || b <= 0) continue;
      if (a != b) {
        merges += merge_issues(f.pool, {f.project, a}, {b}, kSomebody) ? 1 : 0;
      } else {
        splits += split_issue(f.pool, {f.project, a}, {hash_of(1 + random() % kHashes)}, kSomebody) ? 1 : 0;
      }
    }
    stop = true;
  }
  f.move_all();
  f.expect_books_agree();
  EXPECT_EQ(f.number("select count(*) from events"), static_cast<std::int64_t>(stored.load()));
  EXPECT_EQ(f.number("select sum(event_count) from issues"), static_cast<std::int64_t>(stored.load()));
}

}  // namespace
}  // namespace mesher::postgres
