#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <numeric>

#include "graph/guard.hpp"
#include "graph/supervisor.hpp"
#include "graph/timer.hpp"
#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;
using Verdict = Supervisor::Verdict;

TEST(RESIL_01_supervisor, blames_the_node_after_three_single_failures_in_a_row) {
  Supervisor supervisor;
  const Supervisor::Time now{};
  EXPECT_EQ(supervisor.single_failed(now), Verdict::quarantine);
  EXPECT_EQ(supervisor.single_failed(now), Verdict::quarantine);
  EXPECT_EQ(supervisor.single_failed(now), Verdict::restart);
  EXPECT_EQ(supervisor.single_failed(now), Verdict::quarantine) << "the new node begins with a clean slate";
}

TEST(RESIL_01_supervisor, blames_the_items_as_long_as_others_pass) {
  Supervisor supervisor;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(supervisor.single_failed({}), Verdict::quarantine);
    EXPECT_EQ(supervisor.single_failed({}), Verdict::quarantine);
    supervisor.succeeded();
  }
}

TEST(RESIL_01_supervisor, rations_restarts_so_that_poison_cannot_stall_a_node) {
  Supervisor supervisor;
  const Supervisor::Time begin{};
  int restarts = 0;
  for (int i = 0; i < 300; ++i) restarts += supervisor.single_failed(begin) == Verdict::restart ? 1 : 0;
  EXPECT_EQ(restarts, 5);
  for (int i = 0; i < 3; ++i) restarts += supervisor.single_failed(begin + 61s) == Verdict::restart ? 1 : 0;
  EXPECT_EQ(restarts, 6);
}

TEST(RESIL_01_supervisor, backs_off_longer_each_time_and_starts_over_after_the_window) {
  Supervisor supervisor;
  Supervisor::Time now{};
  for (int i = 0; i < 3; ++i) static_cast<void>(supervisor.single_failed(now));
  EXPECT_EQ(supervisor.back_off(now), 50ms);
  EXPECT_EQ(supervisor.back_off(now), 100ms);
  EXPECT_EQ(supervisor.back_off(now), 200ms);
  for (int i = 0; i < 30; ++i) static_cast<void>(supervisor.back_off(now));
  EXPECT_EQ(supervisor.back_off(now), 5000ms);
  now += 61s;
  EXPECT_EQ(supervisor.back_off(now), 50ms);
}

TEST(RESIL_01_supervisor, remembers_a_failure_for_a_while) {
  Supervisor supervisor;
  const Supervisor::Time now = Supervisor::Time{} + 1h;
  EXPECT_FALSE(supervisor.failed_lately(now));
  supervisor.failed(now, "why");
  EXPECT_TRUE(supervisor.failed_lately(now + 29s));
  EXPECT_FALSE(supervisor.failed_lately(now + 31s));
  EXPECT_EQ(supervisor.last_reason(), "why");
}

Batch batch_of(std::uint64_t n) {
  std::vector<std::uint64_t> values(n);
  std::iota(values.begin(), values.end(), 0);
  return Batch(std::make_unique<Numbers>(std::move(values)));
}

struct Trial {
  std::vector<std::uint64_t> done, poison, again;
  std::size_t errors = 0;
  int calls = 0;
};

Trial run_on(std::uint64_t n, const std::function<bool(std::uint64_t)>& is_poison, bool retried = false) {
  Trial out;
  Lambda node([&](Batch& batch) {
    ++out.calls;
    for (const auto value : numbers(batch).values) {
      if (is_poison(value)) throw std::runtime_error("poison");
    }
  });
  Supervisor supervisor;
  Batch batch = batch_of(n);
  std::string reason;
  if (process_once(node, batch, reason)) return out;
  auto result = process_apart(node, std::move(batch), reason, supervisor, retried);
  const auto add = [](std::vector<std::uint64_t>& to, Batch& from) {
    to.insert(to.end(), numbers(from).values.begin(), numbers(from).values.end());
  };
  for (auto& piece : result.done) add(out.done, piece);
  for (auto& poison : result.poison) add(out.poison, poison.item);
  for (auto& piece : result.again) add(out.again, piece);
  out.errors = result.errors;
  return out;
}

TEST(RESIL_01_guard, finds_the_one_poison_item_of_a_thousand_and_keeps_the_order_of_the_rest) {
  for (const std::uint64_t poison : {0U, 1U, 499U, 500U, 998U, 999U}) {
    const Trial run = run_on(1000, [&](std::uint64_t value) { return value == poison; });
    EXPECT_EQ(run.poison, std::vector<std::uint64_t>{poison});
    EXPECT_EQ(run.done.size(), 999U);
    EXPECT_TRUE(std::is_sorted(run.done.begin(), run.done.end()));
    EXPECT_TRUE(run.again.empty());
    EXPECT_LE(run.calls, 2 * 10 + 1) << "log2 n halvings";
  }
}

TEST(RESIL_01_guard, finds_any_poison_among_many_without_losing_an_item) {
  for (std::uint64_t every : {2U, 3U, 7U, 50U}) {
    const Trial run = run_on(200, [&](std::uint64_t value) { return value % every == 0; });
    EXPECT_EQ(run.poison.size(), (200 + every - 1) / every);
    EXPECT_EQ(run.done.size() + run.poison.size(), 200U);
  }
}

TEST(RESIL_01_guard, suspects_the_node_when_nothing_passes_and_gives_all_back_in_order) {
  const Trial run = run_on(64, [](std::uint64_t) { return true; });
  EXPECT_TRUE(run.poison.empty());
  EXPECT_EQ(run.again.size(), 64U);
  EXPECT_TRUE(std::is_sorted(run.again.begin(), run.again.end()));
}

TEST(RESIL_01_guard, blames_the_items_if_a_new_node_fails_on_them_too) {
  const Trial run = run_on(
      64, [](std::uint64_t) { return true; }, true);
  EXPECT_EQ(run.poison.size(), 64U);
  EXPECT_TRUE(run.again.empty());
}

TEST(RESIL_01_guard, forgets_marks_that_were_made_before_the_throw) {
  Lambda node([](Batch& batch) {
    batch.drop(0, {"filtered", ""});
    throw 42;
  });
  Batch batch = batch_of(1);
  std::string reason;
  EXPECT_FALSE(process_once(node, batch, reason));
  EXPECT_TRUE(batch.drops().empty());
  EXPECT_FALSE(reason.empty());
}

TEST(RESIL_01_timer, runs_what_is_due_before_what_came_first_and_nothing_after_stop) {
  Timer timer;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> ran;
  const auto note = [&](int id) {
    return [&, id] {
      const std::lock_guard lock(mutex);
      ran.push_back(id);
      changed.notify_all();
    };
  };
  timer.after(1h, note(2));
  timer.after(1ms, note(1));
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !ran.empty(); });
  }
  timer.stop();
  timer.after(0ms, note(3));
  EXPECT_EQ(ran, std::vector<int>{1});
}

}  // namespace
}  // namespace mesher::graph
