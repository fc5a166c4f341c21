#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;

std::string node(const std::string& name, const std::string& type, const std::string& inputs,
                 const std::string& more = "") {
  return "[nodes." + name + "]\ntype = \"" + type + "\"\ninputs = [" + inputs + "]\n" + more + "\n";
}

class GRAPH_04_reconfigure : public testing::Test {
 protected:
  GRAPH_04_reconfigure() {
    registry.add(lambda_type("pass", [](Batch&) {}));
    registry.add(out.type("collect"));
    registry.add(held.type("hold"));
    NodeSpec counting = lambda_type("counting", [](Batch&) {});
    counting.options.push_back({"label", OptionType::string, "x", "Any text."});
    counting.make = [this](const Options&) -> Result<MadeNode> {
      return MadeNode{std::make_unique<Remembering>(*this), nullptr};
    };
    registry.add(counting);
    NodeSpec refusing = lambda_type("refusing", [](Batch&) {});
    refusing.make = [](const Options&) -> Result<MadeNode> {
      return Error{ErrorCode::unavailable, "no such place", "look elsewhere"};
    };
    registry.add(refusing);
    NodeSpec throwing = lambda_type("throwing", [](Batch&) {});
    throwing.make = [](const Options&) -> Result<MadeNode> { throw std::runtime_error("thrown"); };
    registry.add(throwing);
    NodeSpec slow = slow_type("slow", nullptr);
    registry.add(slow);
  }

  /// Counts batches; what it has counted is its state.
  struct Remembering final : Node {
    explicit Remembering(GRAPH_04_reconfigure& test) : test(test) { ++test.made; }
    void process(Batch&) override { test.remembered = ++*count; }
    std::shared_ptr<void> save_state() override { return count; }
    void load_state(std::shared_ptr<void> state) override { count = std::static_pointer_cast<std::uint64_t>(state); }
    GRAPH_04_reconfigure& test;
    std::shared_ptr<std::uint64_t> count = std::make_shared<std::uint64_t>(0);
  };

  Status apply(const std::string& toml) { return runner->apply(topology(registry, toml)); }
  void start(const std::string& toml, RunnerOptions options = {}) {
    runner.emplace(registry, source, metrics, options);
    ASSERT_TRUE(apply(toml));
  }
  void send(std::uint64_t batches) {
    source.offer(batches);
    source.wait_finished();
  }
  void expect_nothing_lost_or_doubled(std::uint64_t items) {
    runner->stop(10s);
    std::vector<std::uint64_t> expected(items);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(out.sorted(), expected);
    EXPECT_EQ(source.wrongly_settled(), 0U);
  }

  Registry registry;
  Metrics metrics;
  Collected out;
  Held held;
  Counting source{1, 8};
  int made = 0;
  std::uint64_t remembered = 0;
  std::optional<Runner> runner;
};

TEST_F(GRAPH_04_reconfigure, under_load_nothing_is_lost_or_doubled) {
  start(node("c", "collect", "'source'"));
  const std::vector<std::string> topologies{
      node("p", "pass", "'source'") + node("c", "collect", "'p'"),
      node("p", "pass", "'source'", "concurrency = 3\nbuffer = 1") + node("s", "slow", "'p'", "buffer = 1") +
          node("c", "collect", "'s'"),
      node("s", "slow", "'source'") + node("q", "pass", "'s'") + node("c", "collect", "'q'", "concurrency = 2"),
      node("c", "collect", "'source'", "buffer = 2") + node("side", "pass", "'source'", "when_full = 'drop'"),
  };
  source.offer(3000);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(apply(topologies[static_cast<std::size_t>(i) % topologies.size()]));
  source.wait_finished();
  EXPECT_EQ(runner->generation(), 21U);
  EXPECT_EQ(source.rewinds(), 0U);
  EXPECT_EQ(metrics.histogram("mesher_graph_pause_seconds", "").count(), 20U);
  expect_nothing_lost_or_doubled(3000 * 8);
}

TEST_F(GRAPH_04_reconfigure, a_node_that_refuses_leaves_the_old_graph_running) {
  start(node("n", "counting", "'source'") + node("c", "collect", "'n'"));
  for (const auto& [type, why] : {std::pair{"refusing", "no such place"}, std::pair{"throwing", "thrown"}}) {
    const Status applied = apply(node("n", "counting", "'source'", "label = 'new'") + node("s", "slow", "'n'") +
                                 node("bad", type, "'s'") + node("c", "collect", "'s'"));
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().message, std::string("node `bad` can't start: ") + why);
  }
  EXPECT_EQ(runner->generation(), 1U);
  EXPECT_EQ(runner->topology().nodes.size(), 2U);
  send(50);
  EXPECT_EQ(remembered, 50U);
  EXPECT_EQ(metrics.counter("mesher_graph_reloads_total", "", {{"result", "failed"}}).value(), 2U);
  expect_nothing_lost_or_doubled(400);
}

TEST_F(GRAPH_04_reconfigure, the_same_topology_again_changes_nothing_but_the_generation) {
  const std::string toml = node("n", "counting", "'source'") + node("h", "hold", "'n'");
  start(toml);
  source.offer(1);
  held.wait_for(1);  // in flight: a real change would have to wait for it
  ASSERT_TRUE(apply("# a comment\n" + toml));
  EXPECT_EQ(runner->generation(), 2U);
  EXPECT_EQ(runner->topology().source_text, "# a comment\n" + toml);
  EXPECT_EQ(made, 1);
  held.release();
  source.wait_finished();
}

TEST_F(GRAPH_04_reconfigure, only_what_changed_is_made_anew_and_figures_go_on) {
  start(node("n", "counting", "'source'") + node("c", "collect", "'n'"));
  send(10);
  ASSERT_TRUE(
      apply(node("n", "counting", "'source'", "buffer = 2") + node("p", "pass", "'n'") + node("c", "collect", "'p'")));
  send(10);
  EXPECT_EQ(made, 1);
  EXPECT_EQ(remembered, 20U);
  EXPECT_EQ(figures_of(runner->figures(), "n").batches_in, 20U);
  EXPECT_EQ(figures_of(runner->figures(), "n").buffer, 2U);
  EXPECT_EQ(figures_of(runner->figures(), "p").batches_in, 10U);
  // Another concurrency: a new object with the state of the old one.
  ASSERT_TRUE(apply(node("n", "counting", "'source'", "concurrency = 2") + node("c", "collect", "'n'")));
  send(10);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(remembered, 30U);
  // Other options: a new object that knows nothing.
  ASSERT_TRUE(apply(node("n", "counting", "'source'", "concurrency = 2\nlabel = 'y'") + node("c", "collect", "'n'")));
  send(10);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(remembered, 10U);
  EXPECT_EQ(figures_of(runner->figures(), "n").batches_in, 10U);
  expect_nothing_lost_or_doubled(320);
}

TEST_F(GRAPH_04_reconfigure, series_of_a_node_go_with_it) {
  start(node("n", "pass", "'source'") + node("gone", "collect", "'n'"));
  send(1);
  EXPECT_NE(metrics.expose().find("node=\"gone\""), std::string::npos);
  ASSERT_TRUE(apply(node("n", "collect", "'source'")));
  const std::string text = metrics.expose();
  EXPECT_EQ(text.find("node=\"gone\""), std::string::npos);
  EXPECT_EQ(text.find("type=\"pass\""), std::string::npos) << "the type of `n` is another one now";
  EXPECT_NE(text.find("mesher_node_batches_in_total{node=\"n\",type=\"collect\"} 0"), std::string::npos);
}

TEST_F(GRAPH_04_reconfigure, what_does_not_finish_in_time_is_let_go_and_read_again) {
  RunnerOptions options;
  options.drain_deadline = 20ms;
  start(node("p", "pass", "'source'", "buffer = 2") + node("h", "hold", "'p'", "buffer = 2"), options);
  source.offer(100);
  held.wait_for(2);
  ASSERT_TRUE(apply(node("p", "counting", "'source'", "buffer = 2") + node("c", "collect", "'p'")));
  EXPECT_EQ(source.rewinds(), 1U);
  source.wait_finished();
  EXPECT_EQ(metrics.counter("mesher_graph_abandoned_total", "").value(), 1U);
  expect_nothing_lost_or_doubled(800);
}

TEST_F(GRAPH_04_reconfigure, after_letting_go_a_node_that_stays_is_made_anew) {
  RunnerOptions options;
  options.drain_deadline = 20ms;
  start(node("n", "counting", "'source'") + node("h", "hold", "'n'", "buffer = 2"), options);
  source.offer(10);
  held.wait_for(2);
  ASSERT_TRUE(apply(node("n", "counting", "'source'") + node("c", "collect", "'n'")));
  source.wait_finished();
  EXPECT_EQ(made, 2);
  EXPECT_EQ(remembered, 10U) << "what it had seen of batches that come again must not count";
  EXPECT_EQ(figures_of(runner->figures(), "n").health, "ok");
  expect_nothing_lost_or_doubled(80);
}

TEST_F(GRAPH_04_reconfigure, stop_lets_finish_what_can_and_start_goes_on_behind_it) {
  start(node("c", "collect", "'source'"));
  source.offer(1000);
  runner->stop(10s);
  EXPECT_EQ(source.rewinds(), 0U);
  EXPECT_TRUE(runner->figures().empty());
  std::string reason;
  EXPECT_FALSE(runner->healthy(&reason));
  EXPECT_EQ(reason, "no topology is running");
  ASSERT_TRUE(apply(node("c", "collect", "'source'")));
  source.wait_finished();
  expect_nothing_lost_or_doubled(8000);
}

TEST_F(GRAPH_04_reconfigure, stop_with_a_full_graph_keeps_all_with_the_source) {
  start(node("p", "pass", "'source'", "buffer = 3") + node("h", "hold", "'p'", "buffer = 2"));
  source.offer(20);
  held.wait_for(2);
  runner->stop(0ms);
  EXPECT_EQ(source.finished(0), 0U);
  EXPECT_EQ(source.rewinds(), 1U);
  EXPECT_EQ(metrics.gauge("mesher_graph_in_flight", "").value(), 0);
  ASSERT_TRUE(apply(node("c", "collect", "'source'")));
  source.wait_finished();
  expect_nothing_lost_or_doubled(160);
}

TEST_F(GRAPH_04_reconfigure, methods_may_be_called_from_several_threads_at_once) {
  start(node("c", "collect", "'source'"));
  source.offer(500);
  std::atomic<bool> over{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!over) {
        static_cast<void>(runner->figures());
        static_cast<void>(runner->topology());
        static_cast<void>(runner->healthy(nullptr));
        static_cast<void>(metrics.expose());
        std::this_thread::yield();
      }
    });
  }
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        EXPECT_TRUE(apply(node("p" + std::to_string(i), "pass", "'source'") +
                          node("c", "collect", "'p" + std::to_string(i) + "'")));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  source.wait_finished();
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(runner->generation(), 16U);
  expect_nothing_lost_or_doubled(4000);
}

}  // namespace
}  // namespace mesher::graph
