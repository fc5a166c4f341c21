// Nodes and sources that fail while the graph runs.
#include "runner_fixture.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;

class RESIL_01_runner : public GraphTest {};

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

}  // namespace
}  // namespace mesher::graph
