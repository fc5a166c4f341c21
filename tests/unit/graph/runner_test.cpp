// Batches through a running graph: chains, branches, outputs, figures.
#include <time.h>

#include "runner_fixture.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;

class GRAPH_01_runner : public GraphTest {};
class GRAPH_05_runner : public GraphTest {};

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
