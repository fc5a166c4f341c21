#include "io/api/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace mesher::api {
namespace {

TEST(API_worker_pool, refuses_what_is_over_its_bound) {
  WorkerPool pool(1, 3);
  std::latch started(1);
  std::latch go(1);
  std::atomic<int> ran{0};
  ASSERT_TRUE(pool.submit([&] {
    started.count_down();
    go.wait();
    ++ran;
  }));
  started.wait();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(pool.submit([&] { ++ran; }));
  EXPECT_EQ(pool.waiting(), 3U);
  EXPECT_FALSE(pool.submit([&] { ++ran; }));
  go.count_down();
  pool.stop();
  EXPECT_EQ(ran, 4);
}

TEST(API_worker_pool, runs_what_waits_when_it_stops_and_takes_no_more) {
  std::atomic<int> ran{0};
  WorkerPool pool(2, 1000);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 1000);
  EXPECT_FALSE(pool.submit([&] { ++ran; }));
}

}  // namespace
}  // namespace mesher::api
