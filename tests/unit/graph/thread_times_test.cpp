#include "graph/base/thread_times.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace mesher {
namespace {

using namespace std::chrono_literals;

TEST(Thread_times, count_members_while_they_live_and_what_they_took_afterwards) {
  ThreadTimes times;
  std::atomic<bool> seen = false;
  std::thread worker([&] {
    const ThreadTimes::Member member(times);
    while (!seen) {
    }
  });
  while (times.total() < 2ms) std::this_thread::yield();
  seen = true;
  worker.join();
  const auto after = times.total();
  EXPECT_GE(after, 2ms);
  EXPECT_EQ(times.total(), after);
}

}  // namespace
}  // namespace mesher
