// What a running graph holds at most, and who waits for whom.
#include "runner_fixture.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;

class GRAPH_03_runner : public GraphTest {};

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
  held.wait_for(2);
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

}  // namespace
}  // namespace mesher::graph
