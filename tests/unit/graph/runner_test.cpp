#include "graph/runner.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <cmath>
#include <numeric>

#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;

std::vector<std::uint64_t> up_to(std::uint64_t n) {
  std::vector<std::uint64_t> out(n);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

/// One [nodes.NAME] table.
std::string node(const std::string& name, const std::string& type, const std::string& inputs,
                 const std::string& more = "") {
  return "[nodes." + name + "]\ntype = \"" + type + "\"\ninputs = [" + inputs + "]\n" + more + "\n";
}

class GraphTest : public testing::Test {
 protected:
  GraphTest() {
    registry.add(lambda_type("pass", [](Batch&) {}));
    registry.add(out.type("collect"));
    registry.add(held.type("hold"));
  }
  Runner& run(const std::string& toml, RunnerOptions options = {}) {
    runner.emplace(registry, source, metrics, options);
    const Status applied = runner->apply(topology(registry, toml));
    EXPECT_TRUE(applied.has_value());
    return *runner;
  }
  /// Offers batches, waits until they are finished and all is at rest.
  void send(std::uint64_t batches) {
    source.offer(batches);
    source.wait_finished();
    figures = figures_at_rest(*runner);
    runner->stop(10s);
    EXPECT_EQ(source.wrongly_settled(), 0U);
    EXPECT_EQ(metrics.gauge("mesher_graph_in_flight", "").value(), 0);
  }
  const NodeFigures& of(std::string_view name) const { return figures_of(figures, name); }

  Registry registry;
  Metrics metrics;
  Collected out;
  Held held;
  Counting source{1, 16};
  std::vector<NodeFigures> figures;
  std::optional<Runner> runner;
};

class GRAPH_01_runner : public GraphTest {};
class GRAPH_03_runner : public GraphTest {};
class GRAPH_05_runner : public GraphTest {};
class RESIL_01_runner : public GraphTest {};

TEST_F(GRAPH_01_runner, brings_every_item_through_a_chain_of_sync_and_async_nodes) {
  registry.add(lambda_type("double", [](Batch& batch) {
    for (auto& value : numbers(batch).values) value *= 2;
  }));
  registry.add(slow_type("halve", [](Batch& batch) {
    for (auto& value : numbers(batch).values) value /= 2;
  }));
  run(node("double", "double", "'source'", "buffer = 2") + node("halve", "halve", "'double'", "buffer = 1") +
      node("collect", "collect", "'halve'", "buffer = 1"));
  send(500);
  EXPECT_EQ(out.sorted(), up_to(8000));
  EXPECT_EQ(source.rewinds(), 0U);
}

TEST_F(GRAPH_01_runner, works_with_a_single_thread) {
  RunnerOptions options;
  options.threads = 1;
  registry.add(slow_type("slow", nullptr));
  run(node("a", "pass", "'source'", "buffer = 1\nconcurrency = 4") + node("b", "slow", "'a'", "buffer = 1") +
          node("c", "collect", "'b', 'a'", "buffer = 1"),
      options);
  send(300);
  EXPECT_EQ(out.size(), 2U * 300 * 16);
}

TEST_F(GRAPH_01_runner, gives_each_branch_a_copy_of_its_own) {
  Collected others;
  registry.add(others.type("others"));
  registry.add(lambda_type("spoil", [](Batch& batch) {
    for (auto& value : numbers(batch).values) value = 7;
  }));
  run(node("a", "pass", "'source'") + node("spoil", "spoil", "'a'") + node("clean", "collect", "'a'") +
      node("spoiled", "others", "'spoil'"));
  send(100);
  EXPECT_EQ(out.sorted(), up_to(1600));
  EXPECT_EQ(others.sorted(), std::vector<std::uint64_t>(1600, 7));
}

NodeSpec route_by_remainder() {
  NodeSpec spec = lambda_type("route", [](Batch& batch) {
    const auto& values = numbers(batch).values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] % 4 == 3) {
        batch.drop(i, {"filtered", "remainder 3"});
      } else {
        batch.route(i, static_cast<std::uint32_t>(values[i] % 4));
      }
    }
  });
  spec.outputs = [](const Options&) { return std::vector<std::string>{"one", "two"}; };
  return spec;
}

TEST_F(GRAPH_01_runner, sends_items_to_named_outputs_and_books_drops) {
  Collected one;
  registry.add(route_by_remainder());
  registry.add(one.type("collect_one"));
  run(node("r", "route", "'source'") + node("zero", "collect", "'r'") + node("one", "collect_one", "'r.one'"));
  send(10);
  std::vector<std::uint64_t> zeros, ones;
  for (std::uint64_t i = 0; i < 160; i += 4) {
    zeros.push_back(i);
    ones.push_back(i + 1);
  }
  EXPECT_EQ(out.sorted(), zeros);
  EXPECT_EQ(one.sorted(), ones);
  auto dropped = source.dropped();
  EXPECT_EQ(dropped.size(), 40U);
  for (const auto& [value, outcome] : dropped) {
    EXPECT_EQ(value % 4, 3U);
    EXPECT_EQ(outcome, "filtered");
  }
  EXPECT_EQ(of("r").drops.at("filtered"), 40U);
  EXPECT_EQ(of("r").drops.at("unconsumed"), 40U) << "output `two` has no consumer";
}

TEST_F(GRAPH_01_runner, settles_batches_that_lose_all_items_and_batches_without_any) {
  registry.add(lambda_type("drop_all", [](Batch& batch) {
    for (std::size_t i = 0; i < batch.content().size(); ++i) batch.drop(i, {"sampled", ""});
  }));
  run(node("d", "drop_all", "'source'") + node("c", "collect", "'d'"));
  send(20);
  EXPECT_EQ(out.size(), 0U);
  EXPECT_EQ(source.dropped().size(), 320U);
  EXPECT_EQ(of("c").batches_in, 0U);
}

TEST_F(GRAPH_01_runner, replaced_content_flows_on_and_earlier_marks_are_forgotten) {
  registry.add(lambda_type("halve_count", [](Batch& batch) {
    batch.drop(0, {"filtered", ""});
    std::vector<std::uint64_t> kept;
    for (const auto value : numbers(batch).values) {
      if (value % 2 == 0) kept.push_back(value);
    }
    batch.replace(std::make_unique<Numbers>(std::move(kept)));
  }));
  run(node("h", "halve_count", "'source'") + node("c", "collect", "'h'"));
  send(5);
  EXPECT_EQ(out.size(), 40U);
  EXPECT_TRUE(source.dropped().empty());
}

TEST_F(GRAPH_01_runner, reads_several_partitions) {
  Counting three(3, 4);
  Runner local(registry, three, metrics, {});
  ASSERT_TRUE(
      local.apply(topology(registry, node("a", "pass", "'source'", "buffer = 2") + node("c", "collect", "'a'"))));
  three.offer(200);
  three.wait_finished();
  local.stop(5s);
  EXPECT_EQ(out.size(), 3U * 200 * 4);
}

TEST_F(GRAPH_01_runner, costs_no_processor_time_when_idle) {
  run(node("a", "pass", "'source'") + node("c", "collect", "'a'"));
  source.offer(100);
  source.wait_finished();
  const auto cpu = [] {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  };
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  // TBB's workers look for work a little before they sleep.
  never.wait_for(lock, 200ms, [] { return false; });
  const double before = cpu();
  never.wait_for(lock, 1s, [] { return false; });
  EXPECT_LT(cpu() - before, 0.01);
}

TEST_F(GRAPH_03_runner, full_buffers_hold_exactly_what_the_config_says) {
  RunnerOptions options;
  options.in_flight = 64;
  run(node("a", "pass", "'source'", "buffer = 3") + node("b", "pass", "'a'", "buffer = 4") +
          node("h", "hold", "'b'", "buffer = 2"),
      options);
  source.offer(100);
  // 2 held, 4 and 3 waiting for room, 1 in the hand of the pump.
  while (source.handed_out() < 10 || metrics.gauge("mesher_graph_in_flight", "").value() < 10)
    std::this_thread::yield();
  held.wait_for(2);
  figures = runner->figures();
  EXPECT_EQ(of("a").inside, 3U);
  EXPECT_EQ(of("b").inside, 4U);
  EXPECT_EQ(of("h").inside, 2U);
  EXPECT_EQ(of("h").buffer, 2U);
  EXPECT_GE(of("h").waits, 1U);
  EXPECT_EQ(source.handed_out(), 10U);
  EXPECT_EQ(held.size(), 2U);
  held.release();
  source.wait_finished();
  figures = runner->figures();
  EXPECT_EQ(of("h").batches_out, 100U);
}

TEST_F(GRAPH_03_runner, no_more_source_batches_are_in_flight_than_the_window_allows) {
  RunnerOptions options;
  options.in_flight = 4;
  run(node("h", "hold", "'source'", "buffer = 100"), options);
  source.offer(50);
  held.wait_for(4);
  EXPECT_EQ(source.handed_out(), 4U);
  held.release();
  source.wait_finished();
}

TEST_F(GRAPH_03_runner, a_full_dropping_branch_never_holds_back_the_others) {
  run(node("a", "pass", "'source'", "buffer = 1") + node("c", "collect", "'a'", "buffer = 1") +
      node("h", "hold", "'a'", "buffer = 2\nwhen_full = 'drop'"));
  source.offer(100);
  source.wait_finished();  // although two batches stay in `h` for ever
  EXPECT_EQ(out.sorted(), up_to(1600));
  figures = runner->figures();
  EXPECT_EQ(of("h").inside, 2U);
  EXPECT_EQ(of("h").batches_in, 2U);
  EXPECT_EQ(of("h").drops.at("full"), 98U * 16);
  // They hold no place in the window either.
  while (metrics.gauge("mesher_graph_in_flight", "").value() != 0) std::this_thread::yield();
  held.release();
}

TEST_F(GRAPH_03_runner, behind_only_dropping_consumers_batches_settle_at_once) {
  run(node("a", "pass", "'source'") + node("h", "hold", "'a'", "buffer = 1\nwhen_full = 'drop'") +
      node("i", "hold", "'a'", "buffer = 1\nwhen_full = 'drop'"));
  source.offer(10);
  source.wait_finished();
  held.wait_for(2);
  for (auto& [batch, done] : held.take()) {
    EXPECT_EQ(batch.ledger(), nullptr);
    done(std::move(batch));
  }
}

TEST_F(GRAPH_05_runner, what_a_side_branch_drops_or_quarantines_is_in_its_figures_and_not_in_the_books) {
  Stored stored(source);
  registry.add(stored.type("store"));
  registry.add(lambda_type("odd_ones", [](Batch& batch) {
    const auto& values = numbers(batch).values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] % 2 == 0) batch.drop(i, {"filtered", "even"});
    }
  }));
  registry.add(lambda_type("poisoned", [](Batch& batch) {
    const auto& values = numbers(batch).values;
    if (std::find(values.begin(), values.end(), 5U) != values.end()) throw std::runtime_error("poison");
  }));
  registry.add(lambda_type("no_tens", [](Batch& batch) {
    const auto& values = numbers(batch).values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] % 10 == 0) batch.drop(i, {"filtered", "ten"});
    }
  }));
  run(node("a", "pass", "'source'") + node("main", "no_tens", "'a'") + node("w", "store", "'main'") +
      node("side", "odd_ones", "'a'") + node("deeper", "poisoned", "'side'") + node("c", "collect", "'deeper'"));
  send(10);
  EXPECT_EQ(out.size(), 79U);
  EXPECT_EQ(of("side").drops.at("filtered"), 80U);
  EXPECT_EQ(of("deeper").drops.at("quarantined"), 1U);
  EXPECT_EQ(source.dropped().size(), 16U) << "those of the main branch";
  EXPECT_TRUE(source.poison().empty());
}

/// A source node that ends after some batches of the numbers from 1000 on.
class FewBatches final : public Source {
 public:
  std::uint32_t partitions() const override { return 2; }
  std::string_view produces() const override { return "numbers"; }
  std::optional<Item> next(std::uint32_t partition, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (made_[partition] == 50) changed_.wait(lock, stop, [] { return false; });
    if (stop.stop_requested()) return std::nullopt;
    const auto n = made_[partition]++;
    return Item{{partition, n}, std::make_unique<Numbers>(std::vector<std::uint64_t>{1000 + n}), nullptr};
  }
  void settled(Origin, std::unique_ptr<Ledger> ledger) override { EXPECT_EQ(ledger, nullptr); }
  void rewind() override {}

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::uint32_t, std::uint64_t> made_;
};

TEST_F(GRAPH_01_runner, a_node_can_be_a_source_of_its_own_and_goes_on_over_a_change) {
  NodeSpec few;
  few.type = "few";
  few.produces = "numbers";
  int made = 0;
  few.make_source = [&made](const Options&) -> Result<std::unique_ptr<Source>> {
    ++made;
    return std::unique_ptr<Source>(std::make_unique<FewBatches>());
  };
  registry.add(few);
  const std::string both = "[nodes.few]\ntype = \"few\"\n" + node("c", "collect", "'few', 'source'", "buffer = 1");
  run(both);
  source.offer(3);
  while (out.size() < 100 + 3 * 16) std::this_thread::yield();
  source.wait_finished();
  // The same source, which has ended, and not one that begins again.
  EXPECT_TRUE(runner->apply(topology(registry, both + node("d", "pass", "'few'"))).has_value());
  source.offer(1);
  source.wait_finished();
  figures = figures_at_rest(*runner);
  EXPECT_EQ(of("few").items_out, 100U);
  EXPECT_EQ(made, 1);
  runner->stop(10s);
  EXPECT_EQ(out.size(), 100U + 4 * 16);
}

TEST_F(GRAPH_01_runner, a_source_that_nothing_takes_from_keeps_what_it_has) {
  NodeSpec few;
  few.type = "few";
  few.produces = "numbers";
  few.make_source = [](const Options&) -> Result<std::unique_ptr<Source>> {
    return std::unique_ptr<Source>(std::make_unique<FewBatches>());
  };
  registry.add(few);
  source.offer(3);
  run("[nodes.few]\ntype = \"few\"\n" + node("c", "collect", "'few'"));
  while (out.size() < 100) std::this_thread::yield();
  runner->stop(10s);
  EXPECT_EQ(source.handed_out(), 0U);
}

TEST_F(GRAPH_03_runner, an_ordered_sink_takes_batches_in_any_order_without_deadlock) {
  Stored stored(source);
  registry.add(stored.type("store"));
  // Holds back the first batch until three later ones have overtaken it.
  Batch first;
  AsyncNode::Done first_done;
  std::uint64_t overtaken = 0;
  NodeSpec shuffle;
  shuffle.type = "shuffle";
  struct Shuffle final : AsyncNode {
    explicit Shuffle(std::function<void(Batch, Done)> body) : body(std::move(body)) {}
    void submit(Batch batch, Done done) override { body(std::move(batch), std::move(done)); }
    void stop() override {}
    std::function<void(Batch, Done)> body;
  };
  shuffle.make = [&](const Options&) -> Result<MadeNode> {
    return MadeNode{nullptr, std::make_unique<Shuffle>([&](Batch batch, AsyncNode::Done done) {
                      if (!first.has_content()) {
                        first = std::move(batch);
                        first_done = std::move(done);
                        return;
                      }
                      done(std::move(batch));
                      if (++overtaken % 3 == 0) first_done(std::move(first));
                    })};
  };
  registry.add(shuffle);
  RunnerOptions options;
  options.in_flight = 4;
  // The shuffler needs room for the one it holds and one that overtakes it; all else has room for one batch.
  run(node("a", "pass", "'source'", "buffer = 1") + node("s", "shuffle", "'a'", "buffer = 2") +
          node("w", "store", "'s'") + node("c", "collect", "'w'", "buffer = 1"),
      options);
  send(200);
  EXPECT_EQ(out.sorted(), up_to(3200));
  EXPECT_EQ(of("w").buffer, 4U);
}

TEST_F(GRAPH_03_runner, behind_a_commit_a_batch_keeps_its_place_in_the_window) {
  Stored stored(source);
  registry.add(stored.type("store"));
  RunnerOptions options;
  options.in_flight = 3;
  run(node("w", "store", "'source'") + node("h", "hold", "'w'", "buffer = 16"), options);
  source.offer(10);
  held.wait_for(3);
  EXPECT_EQ(source.finished(0), 3U) << "settled and committed";
  EXPECT_EQ(source.handed_out(), 3U) << "but still in memory";
  held.release();
  source.wait_finished();
  runner.reset();
}

TEST_F(RESIL_01_runner, isolates_a_poison_item_in_a_thousand) {
  registry.add(lambda_type("picky", [](Batch& batch) {
    for (const auto value : numbers(batch).values) {
      if (value % 1000 == 500) throw std::runtime_error("can't stand " + std::to_string(value));
    }
  }));
  run(node("p", "picky", "'source'", "concurrency = 2") + node("c", "collect", "'p'"));
  send(250);
  EXPECT_EQ(out.size(), 4000U - 4);
  auto poison = source.poison();
  ASSERT_EQ(poison.size(), 4U);
  for (const auto& item : poison) {
    EXPECT_EQ(item.value % 1000, 500U);
    EXPECT_EQ(item.node, "p");
    EXPECT_EQ(item.reason, "can't stand " + std::to_string(item.value));
  }
  EXPECT_EQ(of("p").quarantined, 4U);
  EXPECT_EQ(of("p").restarts, 0U);
  EXPECT_EQ(of("p").health, "failing");
  EXPECT_EQ(of("c").health, "ok");
}

TEST_F(RESIL_01_runner, makes_a_broken_node_anew_and_loses_nothing) {
  std::atomic<int> made{0};
  NodeSpec spec;
  spec.type = "breaks";
  spec.make = [&](const Options&) -> Result<MadeNode> {
    const int instance = ++made;
    auto calls = std::make_shared<int>(0);
    return MadeNode{std::make_unique<Lambda>([instance, calls](Batch&) {
                      // The first instance breaks for good after 10 batches.
                      if (++*calls > 10 && instance == 1) throw std::runtime_error("broken");
                    }),
                    nullptr};
  };
  registry.add(spec);
  run(node("b", "breaks", "'source'") + node("c", "collect", "'b'"));
  send(100);
  EXPECT_EQ(made, 2);
  EXPECT_EQ(out.sorted(), up_to(1600));
  EXPECT_EQ(of("b").restarts, 1U);
  EXPECT_TRUE(source.poison().empty());
}

TEST_F(RESIL_01_runner, a_node_that_cannot_be_made_anew_shows_as_restarting_until_it_can) {
  std::atomic<bool> may_start{true};
  std::atomic<int> made{0};
  NodeSpec spec;
  spec.type = "breaks";
  spec.make = [&](const Options&) -> Result<MadeNode> {
    if (!may_start) return Error{ErrorCode::unavailable, "the disk is away", {}};
    const int instance = ++made;
    return MadeNode{std::make_unique<Lambda>([instance, &may_start](Batch&) {
                      if (instance != 1) return;
                      may_start = false;
                      throw std::runtime_error("broken");
                    }),
                    nullptr};
  };
  registry.add(spec);
  run(node("b", "breaks", "'source'") + node("c", "collect", "'b'"));
  source.offer(10);
  std::string reason;
  while (runner->healthy(&reason) || reason.find("the disk is away") == std::string::npos) std::this_thread::yield();
  EXPECT_EQ(reason, "node b is restarting: node `b` can't start: the disk is away");
  EXPECT_EQ(figures_of(runner->figures(), "b").health, "restarting");
  may_start = true;
  source.wait_finished();
  EXPECT_TRUE(runner->healthy(&reason));
  EXPECT_EQ(out.sorted(), up_to(160));
}

TEST_F(RESIL_01_runner, a_throwing_submit_loses_neither_items_nor_receipts) {
  NodeSpec spec;
  spec.type = "picky";
  struct Picky final : AsyncNode {
    void submit(Batch batch, Done done) override {
      for (const auto value : numbers(batch).values) {
        if (value % 100 == 50) throw std::runtime_error("no");
      }
      done(std::move(batch));
    }
    void stop() override {}
  };
  spec.make = [](const Options&) -> Result<MadeNode> { return MadeNode{nullptr, std::make_unique<Picky>()}; };
  registry.add(spec);
  run(node("p", "picky", "'source'", "buffer = 1") + node("c", "collect", "'p'"));
  send(50);
  EXPECT_EQ(out.size(), 800U - 8);
  EXPECT_EQ(source.poison().size(), 8U);
  EXPECT_EQ(of("p").quarantined, 8U);
  EXPECT_EQ(of("p").inside, 0U);
}

TEST_F(RESIL_01_runner, a_batch_that_an_async_node_gives_up_is_not_lost) {
  // Answers every second batch, and lets go of the others on a thread of its own.
  std::atomic<int> calls{0};
  struct Forgetful final : AsyncNode {
    explicit Forgetful(std::atomic<int>& calls) : calls(calls) {}
    void submit(Batch batch, Done done) override {
      std::thread([this, batch = std::make_shared<Batch>(std::move(batch)), done]() mutable {
        if (++calls % 2 == 0) done(std::move(*batch));
      }).detach();
    }
    void stop() override {}
    std::atomic<int>& calls;
  };
  NodeSpec spec;
  spec.type = "forgetful";
  spec.make = [&](const Options&) -> Result<MadeNode> { return MadeNode{nullptr, std::make_unique<Forgetful>(calls)}; };
  registry.add(spec);
  run(node("f", "forgetful", "'source'", "buffer = 1") + node("c", "collect", "'f'"));
  send(20);
  EXPECT_EQ(out.size() + source.poison().size(), 320U);
  EXPECT_EQ(of("f").inside, 0U);
}

TEST_F(RESIL_01_runner, on_a_lossy_branch_poison_is_counted_as_a_drop) {
  registry.add(lambda_type("picky", [](Batch& batch) {
    if (numbers(batch).values.front() % 16 == 3) throw std::runtime_error("no");
  }));
  registry.add(lambda_type("ones", [](Batch&) {}));
  Counting single(1, 1);
  Runner local(registry, single, metrics, {});
  ASSERT_TRUE(local.apply(topology(
      registry, node("a", "pass", "'source'") + node("p", "picky", "'a'", "when_full = 'drop'\nbuffer = 1000"))));
  single.offer(64);
  single.wait_finished();
  const auto all = figures_at_rest(local);
  EXPECT_EQ(figures_of(all, "p").drops.at("quarantined"), 4U);
  EXPECT_TRUE(single.poison().empty());
}

TEST_F(RESIL_01_runner, a_second_done_and_a_done_after_the_end_change_nothing) {
  run(node("h", "hold", "'source'", "buffer = 2"));
  source.offer(2);
  held.wait_for(2);
  auto calls = held.take();
  AsyncNode::Done kept = calls[0].second;
  calls[0].second(std::move(calls[0].first));
  kept(Batch(std::make_unique<Numbers>(std::vector<std::uint64_t>{1})));
  EXPECT_EQ(figures_of(runner->figures(), "h").batches_out, 1U);
  runner->stop(0ms);  // the second one is let go
  EXPECT_EQ(source.rewinds(), 1U);
  calls[1].second(std::move(calls[1].first));
  runner.reset();
  kept(Batch());
  EXPECT_EQ(source.finished(0), 1U);
  EXPECT_EQ(source.wrongly_settled(), 0U);
}

TEST_F(RESIL_01_runner, goes_on_when_the_source_throws) {
  struct Throwing final : Source {
    std::uint32_t partitions() const override { return 1; }
    std::string_view produces() const override { return "numbers"; }
    std::optional<Item> next(std::uint32_t, std::stop_token) override {
      if (calls++ == 0) throw std::runtime_error("once");
      if (calls > 2) return std::nullopt;
      return Item{{0, 0}, std::make_unique<Numbers>(std::vector<std::uint64_t>{1}), std::make_unique<Book>()};
    }
    void settled(Origin, std::unique_ptr<Ledger>) override {
      settled_once = true;
      settled_once.notify_all();
    }
    void rewind() override {}
    std::atomic<int> calls{0};
    std::atomic<bool> settled_once{false};
  };
  Throwing throwing;
  Runner local(registry, throwing, metrics, {});
  ASSERT_TRUE(local.apply(topology(registry, node("c", "collect", "'source'"))));
  throwing.settled_once.wait(false);
  EXPECT_EQ(out.size(), 1U);
}

TEST_F(GRAPH_05_runner, counts_what_passes_each_node) {
  registry.add(lambda_type("thin", [](Batch& batch) {
    for (std::size_t i = 0; i < batch.content().size(); i += 4) batch.drop(i, {"sampled", ""});
  }));
  run(node("t", "thin", "'source'") + node("c", "collect", "'t'"));
  source.offer(10);
  source.wait_finished();
  const auto all = figures_at_rest(*runner);
  const std::string text = metrics.expose();
  for (const char* line :
       {"mesher_node_batches_in_total{node=\"t\",type=\"thin\"} 10",
        "mesher_node_items_in_total{node=\"t\",type=\"thin\"} 160",
        "mesher_node_items_out_total{node=\"t\",type=\"thin\"} 120",
        "mesher_node_bytes_out_total{node=\"t\",type=\"thin\"} 960",
        "mesher_node_drops_total{node=\"t\",type=\"thin\",outcome=\"sampled\"} 40",
        "mesher_node_items_in_total{node=\"c\",type=\"collect\"} 120",
        "mesher_node_inside{node=\"c\",type=\"collect\"} 0", "mesher_node_buffer{node=\"c\",type=\"collect\"} 16",
        "mesher_node_batch_seconds_count{node=\"t\",type=\"thin\"} 10", "mesher_graph_generation 1",
        "mesher_graph_in_flight 0"}) {
    EXPECT_NE(text.find(std::string(line) + "\n"), std::string::npos) << line << "\n" << text;
  }
  EXPECT_EQ(figures_of(all, "t").items_in, 160U);
  EXPECT_EQ(figures_of(all, "t").bytes_in, 1280U);
  EXPECT_EQ(figures_of(all, "t").drops.at("sampled"), 40U);
  EXPECT_GT(figures_of(all, "t").busy_seconds, 0.0);
  runner->stop(5s);
  EXPECT_EQ(metrics.expose().find("node=\"t\""), std::string::npos);
  EXPECT_TRUE(runner->figures().empty());
}

}  // namespace
}  // namespace mesher::graph
