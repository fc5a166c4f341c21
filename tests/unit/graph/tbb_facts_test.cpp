// What the engine relies on of oneTBB, so that another version of it tells us what changed. The numbers are those of
// the fact sheet in graph/README.md.
#include <gtest/gtest.h>
#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

namespace flow = tbb::flow;

TEST(GRAPH_03_tbb_facts, F1_F2_a_rejecting_successor_makes_a_function_node_lose_messages) {
  flow::graph graph;
  std::atomic<int> arrived{0};
  flow::function_node<int, int> first(graph, flow::serial, [](int value) { return value; });
  flow::limiter_node<int, int> door(graph, 2);
  flow::function_node<int, int> last(graph, flow::serial, [&](int value) {
    ++arrived;
    return value;
  });
  flow::make_edge(first, door);
  flow::make_edge(door, last);
  for (int i = 0; i < 50; ++i) first.try_put(i);
  graph.wait_for_all();
  EXPECT_EQ(arrived, 2) << "this is why the bounds are ours (credits)";
}

TEST(GRAPH_03_tbb_facts, F1_a_message_without_successor_is_gone) {
  flow::graph graph;
  flow::function_node<int, int> first(graph, flow::serial, [](int value) { return value; });
  first.try_put(1);
  graph.wait_for_all();
  std::atomic<int> arrived{0};
  flow::function_node<int, int> late(graph, flow::serial, [&](int value) {
    ++arrived;
    return value;
  });
  flow::make_edge(first, late);
  graph.wait_for_all();
  EXPECT_EQ(arrived, 0);
}

TEST(GRAPH_03_tbb_facts, F3_messages_are_copied_so_they_must_be_handles) {
  struct Probe {
    Probe() = default;
    explicit Probe(std::shared_ptr<std::atomic<int>> copies) : copies(std::move(copies)) {}
    Probe(const Probe& other) : copies(other.copies) {
      if (copies) ++*copies;
    }
    Probe& operator=(const Probe& other) {
      copies = other.copies;
      if (copies) ++*copies;
      return *this;
    }
    std::shared_ptr<std::atomic<int>> copies;
  };
  auto copies = std::make_shared<std::atomic<int>>(0);
  flow::graph graph;
  flow::function_node<Probe, flow::continue_msg> node(graph, flow::serial,
                                                      [](const Probe&) { return flow::continue_msg(); });
  node.try_put(Probe(copies));
  graph.wait_for_all();
  EXPECT_GE(*copies, 1);
}

TEST(GRAPH_01_tbb_facts, F6_a_queueing_node_takes_everything_at_once) {
  flow::graph graph;
  std::atomic<int> ran{0};
  flow::function_node<int, flow::continue_msg, flow::queueing> node(graph, flow::serial, [&](int) {
    ++ran;
    return flow::continue_msg();
  });
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(node.try_put(i));
  graph.wait_for_all();
  EXPECT_EQ(ran, 10'000);
}

TEST(GRAPH_01_tbb_facts, F7_a_put_from_outside_never_runs_the_body_on_the_putting_thread) {
  flow::graph graph;
  const auto putter = std::this_thread::get_id();
  std::atomic<int> on_putter{0}, ran{0};
  std::mutex mutex;
  std::condition_variable changed;
  // A noexcept body as the engine's is; without the lightweight policy it is always a task.
  flow::function_node<int, flow::continue_msg, flow::queueing> node(graph, flow::serial, [&](int) noexcept {
    if (std::this_thread::get_id() == putter) ++on_putter;
    const std::lock_guard lock(mutex);
    if (++ran == 100) changed.notify_all();
    return flow::continue_msg();
  });
  graph.reserve_wait();
  std::thread owner([&] { graph.wait_for_all(); });
  {
    std::unique_lock lock(mutex);
    for (int i = 0; i < 100; ++i) node.try_put(i);
    changed.wait(lock, [&] { return ran == 100; });
  }
  graph.release_wait();
  owner.join();
  EXPECT_EQ(on_putter, 0);
}

TEST(GRAPH_01_tbb_facts, F9_one_thread_suffices_if_an_owner_waits_in_the_arena) {
  tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 1);
  tbb::task_arena arena(1, 1);
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_ptr<flow::graph> graph;
  std::thread owner([&] {
    arena.execute([&] {
      {
        const std::lock_guard lock(mutex);
        graph = std::make_unique<flow::graph>();
        graph->reserve_wait();
        changed.notify_all();
      }
      graph->wait_for_all();
    });
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return graph != nullptr; });
  }
  std::atomic<int> ran{0};
  {
    flow::function_node<int, flow::continue_msg> second(*graph, flow::unlimited, [&](int) {
      const std::lock_guard lock(mutex);
      if (++ran == 1000) changed.notify_all();
      return flow::continue_msg();
    });
    flow::function_node<int, flow::continue_msg> first(*graph, flow::unlimited, [&](int value) {
      second.try_put(value);
      return flow::continue_msg();
    });
    for (int i = 0; i < 1000; ++i) first.try_put(i);
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ran == 1000; });
    lock.unlock();
    graph->release_wait();
    owner.join();
  }
  EXPECT_EQ(ran, 1000);
}

TEST(GRAPH_01_tbb_facts, F10_wait_for_all_waits_for_reservations_of_outside_threads) {
  flow::graph graph;
  std::atomic<bool> released{false};
  graph.reserve_wait();
  std::thread outside([&] {
    released = true;
    graph.release_wait();
  });
  graph.wait_for_all();
  EXPECT_TRUE(released);
  outside.join();
}

TEST(RESIL_01_tbb_facts, F11_an_exception_in_a_body_cancels_the_graph_and_its_messages) {
  flow::graph graph;
  std::atomic<int> ran{0};
  flow::function_node<int, flow::continue_msg> node(graph, flow::serial, [&](int value) {
    if (value == 3) throw std::runtime_error("poison");
    ++ran;
    return flow::continue_msg();
  });
  for (int i = 0; i < 40; ++i) node.try_put(i);
  EXPECT_THROW(graph.wait_for_all(), std::runtime_error);
  EXPECT_LT(ran, 40) << "this is why no exception may leave a body";
  EXPECT_TRUE(graph.exception_thrown());
}

TEST(GRAPH_01_tbb_facts, F18_a_put_into_a_node_of_another_graph_works) {
  flow::graph one, other;
  std::atomic<int> arrived{0};
  flow::function_node<int, flow::continue_msg> there(other, flow::serial, [&](int) {
    ++arrived;
    return flow::continue_msg();
  });
  flow::function_node<int, flow::continue_msg> here(one, flow::serial, [&](int value) {
    there.try_put(value);
    return flow::continue_msg();
  });
  for (int i = 0; i < 10; ++i) here.try_put(i);
  one.wait_for_all();
  other.wait_for_all();
  EXPECT_EQ(arrived, 10);
}

TEST(GRAPH_01_tbb_facts, F20_bodies_run_in_the_arena_in_which_the_graph_was_made) {
  tbb::task_arena arena(1, 1);
  std::unique_ptr<flow::graph> graph;
  arena.execute([&] { graph = std::make_unique<flow::graph>(); });
  std::atomic<int> width{0};
  flow::function_node<int, flow::continue_msg> node(*graph, flow::serial, [&](int) {
    width = tbb::this_task_arena::max_concurrency();
    return flow::continue_msg();
  });
  node.try_put(1);
  graph->wait_for_all();
  EXPECT_EQ(width, 1);
}

TEST(GRAPH_01_tbb_facts, F22_a_serial_queueing_node_keeps_the_order_of_one_sender) {
  flow::graph graph;
  std::vector<int> seen;
  flow::function_node<int, flow::continue_msg> node(graph, flow::serial, [&](int value) {
    seen.push_back(value);
    return flow::continue_msg();
  });
  for (int i = 0; i < 20'000; ++i) node.try_put(i);
  graph.wait_for_all();
  ASSERT_EQ(seen.size(), 20'000U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

}  // namespace
