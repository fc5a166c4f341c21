#include "nodes/committer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mesher::nodes {
namespace {

EventId id_of(std::uint32_t n) {
  EventId id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return id;
}

/// A database in memory that fails as told: before or after it has committed.
class FakeStore final : public ports::EventStore {
 public:
  enum class Fault : std::uint8_t { none, refuses, answer_lost, issue_gone };

  Result<ports::Committed> commit(const ports::WriteSet& set) override {
    const std::lock_guard lock(mutex_);
    const auto fault = faults_.empty() ? Fault::none : faults_.back();
    if (!faults_.empty()) faults_.pop_back();
    if (fault == Fault::refuses) return Error{ErrorCode::unavailable, "away", {}};
    if (fault == Fault::issue_gone) return Error{ErrorCode::conflict, "an issue is gone", "issue"};
    if (set.cursor_from != cursor_) return Error{ErrorCode::conflict, "cursor", "cursor"};
    for (const auto* event : set.events) {
      if (poison_.contains(event->id)) return Error{ErrorCode::invalid, "bad data", {}};
    }
    ports::Committed committed;
    for (const auto* event : set.events) {
      const bool seen = !stored_.insert(event->id).second;
      committed.duplicate.push_back(seen);
      if (!seen) order_.push_back(event->id);
    }
    for (const auto& record : set.quarantined) quarantined_.push_back(record.event_id);
    for (const auto& outcome : set.outcomes) outcomes_ += outcome.quantity;
    cursor_ = set.cursor_to;
    changed_.notify_all();
    if (fault == Fault::answer_lost) return Error{ErrorCode::unavailable, "connection lost", {}};
    return committed;
  }

  Result<std::uint64_t> cursor(const std::string&, std::uint32_t) override {
    const std::lock_guard lock(mutex_);
    return cursor_;
  }

  void wait_cursor(std::uint64_t position) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cursor_ >= position; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Fault> faults_;
  std::set<EventId> poison_, stored_;
  std::vector<EventId> order_, quarantined_;
  std::int64_t outcomes_ = 0;
  std::uint64_t cursor_ = 0;
};

class NoIssues final : public ports::IssueStore {
 public:
  Result<std::vector<Found>> find_or_create(std::span<const Wanted> wanted) override {
    std::vector<Found> found;
    for (const auto& entry : wanted) {
      found.push_back(discarded.contains(entry.hashes.front()) ? Found{kDiscardedIssue, 0} : Found{1, 0});
    }
    return found;
  }

  std::set<Fingerprint> discarded;
};

/// One for each of the first 256 events.
std::span<const Fingerprint> hash_of(std::uint32_t n) {
  static const auto kHashes = [] {
    std::array<Fingerprint, 256> hashes{};
    for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i][0] = static_cast<std::uint8_t>(i);
    return hashes;
  }();
  return {&kHashes[n % kHashes.size()], 1};
}

struct Fixture {
  FakeStore store;
  NoIssues no_issues;
  IssueDirectory issues{no_issues};
  Metrics metrics;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t handed_back = 0;
  Committer committer{store, issues, metrics, {"journal", 1, 20}};

  /// Books with one deposit of the events [first, first + n).
  PipelineLedger::Contents books(std::uint32_t first, std::uint32_t n) {
    auto content = std::make_unique<EventBatch>();
    for (std::uint32_t i = first; i < first + n; ++i) {
      Event event;
      event.id = id_of(i);
      event.project_id = 1;
      event.issue_id = 1;
      event.hashes = hash_of(i);
      content->events.push_back(event);
    }
    PipelineLedger ledger;
    ledger.deposit(graph::Batch(std::move(content)), [this](graph::Batch batch) {
      const std::lock_guard lock(mutex);
      handed_back += batch.content().size() - batch.drops().size();
      changed.notify_all();
    });
    return ledger.take();
  }
  void wait_handed_back(std::size_t n) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return handed_back >= n; });
  }
};

TEST(GROUP_05_committer, stores_in_journal_order_whatever_order_batches_settle_in) {
  Fixture f;
  ASSERT_EQ(f.committer.restart(0, 0, {}).value(), 0u);
  std::vector<std::uint32_t> order(40);
  for (std::uint32_t i = 0; i < 40; ++i) order[i] = i;
  std::mt19937 random(7);
  std::shuffle(order.begin(), order.end(), random);
  for (const auto i : order) f.committer.settled(0, i, {i * 5, i * 5 + 5}, f.books(i * 5, 5));
  f.store.wait_cursor(200);
  ASSERT_EQ(f.store.order_.size(), 200u);
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_EQ(f.store.order_[i], id_of(i));
  f.wait_handed_back(200);
}

TEST(RESIL_03_committer, each_event_is_stored_once_through_failures_and_lost_answers) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Fixture f;
    std::mt19937 random(seed);
    for (int i = 0; i < 4; ++i) {
      f.store.faults_.push_back(random() % 2 == 0 ? FakeStore::Fault::refuses : FakeStore::Fault::answer_lost);
    }
    ASSERT_TRUE(f.committer.restart(0, 0, {}));
    for (std::uint32_t i = 0; i < 10; ++i) f.committer.settled(0, i, {i * 5, i * 5 + 5}, f.books(i * 5, 5));
    f.store.wait_cursor(50);
    f.wait_handed_back(50);
    EXPECT_EQ(f.store.order_.size(), 50u);
    EXPECT_EQ(f.handed_back, 50u);
  }
}

TEST(RESIL_03_committer, what_the_database_refuses_is_isolated_and_the_rest_is_stored) {
  Fixture f;
  f.store.poison_ = {id_of(3), id_of(17)};
  ASSERT_TRUE(f.committer.restart(0, 0, {}));
  f.committer.settled(0, 0, {0, 20}, f.books(0, 20));
  f.store.wait_cursor(20);
  f.wait_handed_back(18);
  EXPECT_EQ(f.store.order_.size(), 18u);
  EXPECT_EQ(f.store.quarantined_, (std::vector<EventId>{id_of(3), id_of(17)}));
  EXPECT_EQ(f.store.outcomes_, 2);
}

TEST(ISSUE_05_committer, events_that_are_discarded_meanwhile_are_counted_and_the_rest_is_stored_without_a_pause) {
  Fixture f;
  f.store.faults_ = {FakeStore::Fault::issue_gone};
  f.no_issues.discarded = {hash_of(3).front(), hash_of(4).front(), hash_of(19).front()};
  ASSERT_TRUE(f.committer.restart(0, 0, {}));
  f.committer.settled(0, 0, {0, 20}, f.books(0, 20));
  f.wait_handed_back(17);
  EXPECT_EQ(f.store.order_.size(), 17u);
  EXPECT_EQ(std::count(f.store.order_.begin(), f.store.order_.end(), id_of(4)), 0);
  EXPECT_EQ(f.store.outcomes_, 3);
  EXPECT_EQ(f.handed_back, 17u);
  EXPECT_TRUE(f.committer.trouble().empty());
}

TEST(RESIL_03_committer, batches_of_before_a_restart_are_let_go) {
  Fixture f;
  ASSERT_TRUE(f.committer.restart(0, 0, {}));
  f.committer.settled(0, 1, {5, 10}, f.books(5, 5));  // waits for batch 0, which never comes
  ASSERT_EQ(f.committer.restart(0, 2, {}).value(), 0u);
  f.committer.settled(0, 0, {0, 5}, f.books(0, 5));  // late
  f.committer.settled(0, 2, {0, 5}, f.books(0, 5));
  f.committer.settled(0, 3, {5, 10}, f.books(5, 5));
  f.store.wait_cursor(10);
  EXPECT_EQ(f.store.order_.size(), 10u);
}

TEST(RESIL_03_committer, a_cursor_moved_by_somebody_else_is_a_conflict_and_nothing_is_stored_twice) {
  Fixture f;
  std::condition_variable told;
  bool conflict = false;
  f.committer.on_conflict = [&](std::uint32_t) {
    const std::lock_guard lock(f.mutex);
    conflict = true;
    told.notify_all();
  };
  ASSERT_TRUE(f.committer.restart(0, 0, {}));
  {
    const std::lock_guard lock(f.store.mutex_);
    f.store.cursor_ = 5;
  }
  f.committer.settled(0, 0, {0, 10}, f.books(0, 10));
  {
    std::unique_lock lock(f.mutex);
    told.wait(lock, [&] { return conflict; });
  }
  EXPECT_TRUE(f.store.order_.empty());
  ASSERT_EQ(f.committer.restart(0, 1, {}).value(), 5u);
  f.committer.settled(0, 1, {5, 10}, f.books(5, 5));
  f.store.wait_cursor(10);
  EXPECT_EQ(f.store.order_.size(), 5u);
}

}  // namespace
}  // namespace mesher::nodes
