// What the engine costs per batch, in processor time of all its threads: everything between one node's process() and
// the next one's. The nodes do nothing.
#include <benchmark/benchmark.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "graph/runner.hpp"

namespace {

using namespace mesher;
using namespace mesher::graph;

class Items final : public Content {
 public:
  explicit Items(std::size_t n) : n_(n) {}
  std::size_t size() const noexcept override { return n_; }
  std::size_t bytes() const noexcept override { return n_ * 5'700; }
  std::unique_ptr<Content> copy() const override { return std::make_unique<Items>(n_); }
  std::unique_ptr<Content> take(std::span<const std::uint32_t> indices) override {
    n_ -= indices.size();
    return std::make_unique<Items>(indices.size());
  }
  std::string_view kind() const noexcept override { return "items"; }

 private:
  std::size_t n_;
};

class NoBooks final : public Ledger {
 public:
  void dropped(const Content&, std::size_t, DropReason) override {}
  void quarantined(const Content&, std::size_t, std::string_view, std::string_view) override {}
};

class Idle final : public Node {
 public:
  void process(Batch&) override {}
};

class AtOnce final : public AsyncNode {
 public:
  void submit(Batch batch, Done done) override { done(std::move(batch)); }
  void stop() override {}
};

/// Hands out as many batches of 256 items as it is asked for, and tells when all have settled.
class Endless final : public Source {
 public:
  std::uint32_t partitions() const override { return 1; }
  std::string_view produces() const override { return "items"; }
  std::optional<Item> next(std::uint32_t, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return next_ < wanted_; })) return std::nullopt;
    return Item{{0, next_++}, std::make_unique<Items>(256), std::make_unique<NoBooks>()};
  }
  void settled(Origin, std::unique_ptr<Ledger>) override {
    const std::lock_guard lock(mutex_);
    if (++settled_ == wanted_) changed_.notify_all();
  }
  void rewind() override {}
  void run(std::uint64_t batches) {
    std::unique_lock lock(mutex_);
    wanted_ += batches;
    changed_.notify_all();
    changed_.wait(lock, [this] { return settled_ == wanted_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t wanted_ = 0, next_ = 0, settled_ = 0;
};

Registry types() {
  Registry out;
  NodeSpec idle;
  idle.type = "idle";
  idle.make = [](const Options&) -> Result<MadeNode> { return MadeNode{std::make_unique<Idle>(), nullptr}; };
  out.add(idle);
  NodeSpec async;
  async.type = "async";
  async.make = [](const Options&) -> Result<MadeNode> { return MadeNode{nullptr, std::make_unique<AtOnce>()}; };
  out.add(async);
  return out;
}

std::string chain(std::size_t nodes, const std::string& type, std::size_t buffer) {
  std::string out;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::string before = i == 0 ? "source" : "n" + std::to_string(i - 1);
    out += "[nodes.n" + std::to_string(i) + "]\ntype = \"" + type + "\"\ninputs = [\"" + before +
           "\"]\nbuffer = " + std::to_string(buffer) + "\n";
  }
  return out;
}

constexpr std::uint64_t kBatches = 20'000;

void run_graph(benchmark::State& state, const std::string& toml, std::size_t hops) {
  const Registry registry = types();
  Endless source;
  Metrics metrics;
  Runner runner(registry, source, metrics, {});
  const auto parsed = parse_topology(toml, registry, {{"source", "items"}}, {});
  if (!runner.apply(parsed.topology)) return state.SkipWithError("apply failed");
  for (auto _ : state) source.run(kBatches);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBatches));
  state.counters["cpu_per_hop"] = benchmark::Counter(static_cast<double>(state.iterations() * kBatches * hops),
                                                     benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Arguments: nodes in the chain, buffer of each.
void graph_chain(benchmark::State& state) {
  const auto nodes = static_cast<std::size_t>(state.range(0));
  run_graph(state, chain(nodes, "idle", static_cast<std::size_t>(state.range(1))), nodes);
}
BENCHMARK(graph_chain)->Args({1, 16})->Args({8, 16})->Args({8, 1})->Args({64, 16})->MeasureProcessCPUTime();

void graph_chain_async(benchmark::State& state) {
  run_graph(state, chain(8, "async", 16), 8);
}
BENCHMARK(graph_chain_async)->MeasureProcessCPUTime();

void graph_fan_out_to_four(benchmark::State& state) {
  std::string toml = chain(1, "idle", 16);
  for (int i = 0; i < 4; ++i) toml += "[nodes.out" + std::to_string(i) + "]\ntype = \"idle\"\ninputs = [\"n0\"]\n";
  run_graph(state, toml, 5);
}
BENCHMARK(graph_fan_out_to_four)->MeasureProcessCPUTime();

/// From apply() to the new graph at work, with nothing in flight.
void graph_reconfigure(benchmark::State& state) {
  const Registry registry = types();
  Endless source;
  Metrics metrics;
  Runner runner(registry, source, metrics, {});
  const auto one = parse_topology(chain(8, "idle", 16), registry, {{"source", "items"}}, {});
  const auto other = parse_topology(chain(8, "idle", 8), registry, {{"source", "items"}}, {});
  bool which = false;
  for (auto _ : state) {
    if (!runner.apply((which ? one : other).topology)) return state.SkipWithError("apply failed");
    which = !which;
  }
}
BENCHMARK(graph_reconfigure)->UseRealTime();

}  // namespace
