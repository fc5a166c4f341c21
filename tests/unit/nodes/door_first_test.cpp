#include "nodes/door_first.hpp"

#include <gtest/gtest.h>

namespace mesher::nodes {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::steady_clock::time_point kBegin{1h};

TEST(RESIL_02_door_first, a_quiet_door_costs_storing_nothing) {
  std::chrono::nanoseconds taken{};
  DoorFirst door([&] { return taken; }, 2);
  bool asked = false;
  const auto fill = [&] { return asked = true, 0.0; };
  for (int i = 1; i < 20; ++i) {
    taken += 38ms;  // of 200
    EXPECT_EQ(door.pause(kBegin + i * 100ms, fill), 0ms);
  }
  EXPECT_FALSE(asked);
}

TEST(RESIL_02_door_first, the_busier_the_door_the_longer_the_pause) {
  std::chrono::nanoseconds taken{};
  DoorFirst door([&] { return taken; }, 2);
  const auto empty = [] { return 0.0; };
  EXPECT_EQ(door.pause(kBegin, empty), 0ms);
  taken += 50ms;
  const auto some = door.pause(kBegin + 100ms, empty);
  EXPECT_GT(some, 0ms);
  taken += 120ms;
  EXPECT_EQ(door.pause(kBegin + 150ms, empty), some) << "measured every 100 ms";
  const auto most = door.pause(kBegin + 200ms, empty);
  EXPECT_GT(most, some);
  EXPECT_LE(most, 200ms);
  EXPECT_EQ(door.pause(kBegin + 10s, empty), 0ms) << "the burst is over";
}

TEST(RESIL_02_door_first, a_flood_that_fills_the_journal_is_stored_at_full_speed) {
  auto last = DoorFirst::pause_for(1, 0);
  EXPECT_GT(last, 0ms);
  for (double fill = 0.1; fill < 1.05; fill += 0.1) {
    const auto pause = DoorFirst::pause_for(1, fill);
    EXPECT_LE(pause, last);
    last = pause;
  }
  EXPECT_EQ(DoorFirst::pause_for(1, 1), 0ms);
  EXPECT_EQ(DoorFirst::pause_for(7, 2), 0ms);
  EXPECT_EQ(DoorFirst::pause_for(-1, -1), 0ms);
}

}  // namespace
}  // namespace mesher::nodes
