#include "graph/credits.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace mesher::graph {
namespace {

class Note final : public Credits::Waiter {
 public:
  Note(std::vector<int>& granted, int id, int* destroyed = nullptr)
      : granted_(granted), id_(id), destroyed_(destroyed) {}
  ~Note() override {
    if (destroyed_ != nullptr) ++*destroyed_;
  }
  void granted() noexcept override { granted_.push_back(id_); }

 private:
  std::vector<int>& granted_;
  int id_;
  int* destroyed_;
};

bool acquire(Credits& credits, std::unique_ptr<Credits::Waiter> waiter) {
  return credits.acquire_or_wait(waiter);
}

TEST(GRAPH_03_credits, gives_exactly_as_many_as_its_capacity) {
  Credits credits(3);
  EXPECT_TRUE(credits.try_acquire());
  EXPECT_TRUE(credits.try_acquire());
  EXPECT_TRUE(credits.try_acquire());
  EXPECT_FALSE(credits.try_acquire());
  EXPECT_EQ(credits.inside(), 3U);
  credits.release();
  EXPECT_TRUE(credits.try_acquire());
}

TEST(GRAPH_03_credits, hands_a_free_credit_to_the_one_who_waited_longest) {
  Credits credits(1);
  std::vector<int> granted;
  ASSERT_TRUE(credits.try_acquire());
  EXPECT_FALSE(acquire(credits, std::make_unique<Note>(granted, 1)));
  EXPECT_FALSE(acquire(credits, std::make_unique<Note>(granted, 2)));
  credits.release();
  EXPECT_EQ(granted, std::vector<int>{1});
  EXPECT_FALSE(credits.try_acquire()) << "nobody overtakes who waits";
  EXPECT_EQ(credits.inside(), 1U);
  credits.release();
  EXPECT_EQ(granted, (std::vector<int>{1, 2}));
  credits.release();
  EXPECT_EQ(credits.inside(), 0U);
}

TEST(GRAPH_03_credits, grants_nothing_before_those_over_the_bound_have_left) {
  Credits credits(1);
  std::vector<int> granted;
  ASSERT_TRUE(credits.try_acquire());
  credits.acquire_over_bound();
  EXPECT_FALSE(acquire(credits, std::make_unique<Note>(granted, 1)));
  credits.release();
  EXPECT_TRUE(granted.empty());
  credits.release();
  EXPECT_EQ(granted, std::vector<int>{1});
}

TEST(GRAPH_03_credits, without_bound_always_gives_and_still_counts) {
  Credits credits(0);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(credits.try_acquire());
  EXPECT_EQ(credits.inside(), 1000U);
}

TEST(GRAPH_03_credits, abandoned_destroys_who_waits_and_who_comes_later) {
  Credits credits(1);
  std::vector<int> granted;
  int destroyed = 0;
  ASSERT_TRUE(credits.try_acquire());
  EXPECT_FALSE(acquire(credits, std::make_unique<Note>(granted, 1, &destroyed)));
  credits.abandon();
  EXPECT_EQ(destroyed, 1);
  EXPECT_FALSE(acquire(credits, std::make_unique<Note>(granted, 2, &destroyed)));
  EXPECT_EQ(destroyed, 2);
  credits.release();
  EXPECT_TRUE(granted.empty());
  EXPECT_EQ(credits.inside(), 0U);
}

TEST(GRAPH_03_credits, never_more_inside_than_capacity_with_many_threads) {
  constexpr int kThreads = 4, kRounds = 5000;
  constexpr std::uint32_t kCapacity = 3;
  Credits credits(kCapacity);
  std::atomic<std::uint32_t> inside{0}, most{0};
  std::atomic<int> done{0};
  struct Visit final : Credits::Waiter {
    explicit Visit(std::function<void()> body) : body(std::move(body)) {}
    void granted() noexcept override { body(); }
    std::function<void()> body;
  };
  const auto visit = [&] {
    const auto now = ++inside;
    for (auto seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    --inside;
    ++done;
    credits.release();
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        std::unique_ptr<Credits::Waiter> waiter = std::make_unique<Visit>(visit);
        if (credits.acquire_or_wait(waiter)) visit();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, kThreads * kRounds);
  EXPECT_LE(most, kCapacity);
  EXPECT_EQ(credits.inside(), 0U);
}

class Holder final : public PermitHolder {
 public:
  void give_back() noexcept override { ++returned; }
  int returned = 0;
};

TEST(GRAPH_03_permit, goes_back_once_when_its_last_share_is_gone) {
  Holder holder;
  std::shared_ptr<Permit> a, b;
  {
    Turn turn{Permit(holder)};
    a = turn.share();
    b = turn.share();
  }
  EXPECT_EQ(holder.returned, 0);
  a.reset();
  EXPECT_EQ(holder.returned, 0);
  b.reset();
  EXPECT_EQ(holder.returned, 1);
}

TEST(GRAPH_03_permit, moves_without_being_given_back_and_can_be_disowned) {
  Holder holder;
  {
    Permit one(holder);
    Permit two(std::move(one));
    one = std::move(two);
    Permit other(holder);
    other.disown();
  }
  EXPECT_EQ(holder.returned, 1);
}

}  // namespace
}  // namespace mesher::graph
