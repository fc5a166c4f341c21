// Random graphs with random buffers and badly behaved nodes: every item is accounted for exactly once, every batch
// settles exactly once, and no bound is exceeded.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <random>
#include <thread>

#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace std::chrono_literals;
using namespace toys;
using Random = std::mt19937;

std::uint32_t below(Random& random, std::uint32_t n) {
  return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random);
}

std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  return value ^ (value >> 33);
}

// What becomes of an item is a function of its value alone, so that a simulation can tell.
bool is_dropped(std::uint64_t value) {
  return mixed(value) % 5 == 0;
}
bool is_poison(std::uint64_t value) {
  return mixed(value) % 61 == 0;
}
std::uint32_t port_of(std::uint64_t value) {
  return static_cast<std::uint32_t>(mixed(value) % 3);
}

void throw_on_poison(Batch& batch) {
  for (const auto value : numbers(batch).values) {
    if (is_poison(value)) throw std::runtime_error("poison");
  }
}

/// Answers on a thread of its own, in an order of its own.
class Unordered final : public AsyncNode {
 public:
  Unordered() : thread_([this] { run(); }) {}
  ~Unordered() override { stop(); }
  void submit(Batch batch, Done done) override {
    if (numbers(batch).values.front() % 3 == 0) return done(std::move(batch));
    const std::lock_guard lock(mutex_);
    inside_.emplace_back(std::move(batch), std::move(done));
    changed_.notify_all();
  }
  void stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
    inside_.clear();
  }

 private:
  void run() {
    Random random(7);
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopped_ || !inside_.empty(); });
      if (stopped_) return;
      const auto at = inside_.begin() + below(random, static_cast<std::uint32_t>(inside_.size()));
      auto [batch, done] = std::move(*at);
      inside_.erase(at);
      lock.unlock();
      done(std::move(batch));
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Batch, Done>> inside_;
  bool stopped_ = false;
  std::thread thread_;
};

class ThrowingSubmit final : public AsyncNode {
 public:
  void submit(Batch batch, Done done) override {
    throw_on_poison(batch);
    done(std::move(batch));
  }
  void stop() override {}
};

template <class T>
NodeSpec async_type(std::string type) {
  NodeSpec spec;
  spec.type = std::move(type);
  spec.make = [](const Options&) -> Result<MadeNode> { return MadeNode{nullptr, std::make_unique<T>()}; };
  return spec;
}

const std::vector<std::string> kTypes{"pass", "drops", "poisoned", "route", "unordered", "throws"};

void add_types(Registry& registry) {
  registry.add(lambda_type("pass", [](Batch&) {}));
  registry.add(lambda_type("drops", [](Batch& batch) {
    const auto& values = numbers(batch).values;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (is_dropped(values[i])) batch.drop(i, {"sampled", ""});
    }
  }));
  registry.add(lambda_type("poisoned", throw_on_poison));
  NodeSpec route = lambda_type("route", [](Batch& batch) {
    const auto& values = numbers(batch).values;
    for (std::size_t i = 0; i < values.size(); ++i) batch.route(i, port_of(values[i]));
  });
  route.outputs = [](const Options&) { return std::vector<std::string>{"one", "two"}; };
  registry.add(route);
  registry.add(async_type<Unordered>("unordered"));
  registry.add(async_type<ThrowingSubmit>("throws"));
}

struct Made {
  std::string toml;
  std::vector<std::string> types;
  std::vector<bool> lossy;
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> inputs;  // (node, port); node 0 is the source
};

/// A random acyclic graph of 1 to 8 nodes.
Made random_graph(Random& random) {
  Made out;
  out.types.emplace_back("source");
  out.lossy.push_back(false);
  out.inputs.emplace_back();
  const std::size_t n = 1 + below(random, 8);
  for (std::size_t i = 1; i <= n; ++i) {
    const std::string type = kTypes[below(random, static_cast<std::uint32_t>(kTypes.size()))];
    std::set<std::pair<std::size_t, std::uint32_t>> inputs;
    for (std::uint32_t k = 0; k < 1 + below(random, 2); ++k) {
      const std::size_t from = below(random, static_cast<std::uint32_t>(i));
      inputs.emplace(from, out.types[from] == "route" ? below(random, 3) : 0);
    }
    const bool lossy = below(random, 5) == 0;
    std::string names;
    for (const auto& [from, port] : inputs) {
      names += fmt::format("{}\"{}{}\"", names.empty() ? "" : ", ", from == 0 ? "source" : fmt::format("n{}", from),
                           port == 1   ? ".one"
                           : port == 2 ? ".two"
                                       : "");
    }
    out.toml +=
        fmt::format("[nodes.n{}]\ntype = \"{}\"\ninputs = [{}]\nbuffer = {}\nconcurrency = {}\nwhen_full = \"{}\"\n", i,
                    type, names, 1 + below(random, 4), 1 + below(random, 3), lossy ? "drop" : "wait");
    out.types.push_back(type);
    out.lossy.push_back(lossy);
    out.inputs.emplace_back(inputs.begin(), inputs.end());
  }
  return out;
}

struct Expected {
  std::uint64_t in = 0, dropped = 0, quarantined = 0;
};

/// How often each item comes into each node, by following all ways.
std::vector<Expected> simulated(const Made& made, const std::vector<std::uint64_t>& values) {
  std::vector<Expected> out(made.types.size());
  for (const auto value : values) {
    std::vector<std::uint64_t> leaving(made.types.size());
    leaving[0] = 1;
    for (std::size_t i = 1; i < made.types.size(); ++i) {
      std::uint64_t in = 0;
      for (const auto& [from, port] : made.inputs[i]) {
        const std::uint32_t way = made.types[from] == "route" ? port_of(value) : 0;
        if (way == port) in += leaving[from];
      }
      out[i].in += in;
      leaving[i] = in;
      if (made.types[i] == "drops" && is_dropped(value)) {
        out[i].dropped += in;
        leaving[i] = 0;
      }
      if ((made.types[i] == "poisoned" || made.types[i] == "throws") && is_poison(value)) {
        out[i].quarantined += in;
        leaving[i] = 0;
      }
    }
  }
  return out;
}

class GRAPH_03_random_graphs : public testing::TestWithParam<std::uint32_t> {};

TEST_P(GRAPH_03_random_graphs, account_for_every_item_exactly_once) {
  Random random(GetParam());
  Registry registry;
  add_types(registry);
  for (int round = 0; round < 12; ++round) {
    const Made made = random_graph(random);
    SCOPED_TRACE(made.toml);
    const std::uint32_t partitions = 1 + below(random, 2);
    const std::size_t batch_size = 1 + below(random, 20);
    const std::uint64_t batches = 20 + below(random, 40);
    Counting source(partitions, batch_size);
    Metrics metrics;
    RunnerOptions options;
    options.in_flight = 1 + below(random, 6);
    options.threads = 1 + below(random, 3);
    Runner runner(registry, source, metrics, options);
    ASSERT_TRUE(runner.apply(topology(registry, made.toml)));
    source.offer(batches);
    source.wait_finished();
    const auto figures = figures_at_rest(runner);

    std::vector<std::uint64_t> values;
    for (std::uint32_t p = 0; p < partitions; ++p) {
      for (std::uint64_t b = 0; b < batches; ++b) {
        for (std::size_t i = 0; i < batch_size; ++i) values.push_back(source.value_of(p, b, i));
      }
    }
    const auto expected = simulated(made, values);
    std::vector<bool> behind_loss(made.types.size());
    std::uint64_t booked_drops = 0, booked_poison = 0;
    for (std::size_t i = 1; i < made.types.size(); ++i) {
      const auto& f = figures_of(figures, fmt::format("n{}", i));
      behind_loss[i] = made.lossy[i];
      bool mixed_books = false;
      for (const auto& [from, port] : made.inputs[i]) {
        behind_loss[i] = behind_loss[i] || behind_loss[from];
        mixed_books = mixed_books || behind_loss[from];
      }
      const auto drops = [&](const char* outcome) { return f.drops.contains(outcome) ? f.drops.at(outcome) : 0; };
      // Conservation holds in every node.
      EXPECT_EQ(f.items_in, f.items_out + drops("sampled") + drops("quarantined") + f.quarantined) << f.name;
      EXPECT_EQ(drops("lost"), 0U);
      if (!mixed_books) {
        EXPECT_EQ(f.items_in + drops("full"), expected[i].in) << f.name;
      }
      if (behind_loss[i]) continue;
      EXPECT_EQ(drops("sampled"), expected[i].dropped) << f.name;
      EXPECT_EQ(f.quarantined, expected[i].quarantined) << f.name;
      booked_drops += expected[i].dropped;
      booked_poison += expected[i].quarantined;
    }
    runner.stop(10s);
    const bool any_lossy = std::find(behind_loss.begin(), behind_loss.end(), true) != behind_loss.end();
    // Pieces that reach a node both with and without books are booked there only if they have some.
    if (!any_lossy) {
      EXPECT_EQ(source.dropped().size(), booked_drops);
      EXPECT_EQ(source.poison().size(), booked_poison);
    }
    EXPECT_EQ(source.wrongly_settled(), 0U);
    EXPECT_EQ(source.rewinds(), 0U);
    EXPECT_LE(source.most_in_flight(), options.in_flight + partitions - 1);
    EXPECT_EQ(metrics.gauge("mesher_graph_in_flight", "").value(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, GRAPH_03_random_graphs, testing::Values(1, 2, 3, 4, 5, 6));

/// A chain from source to `store` with random nodes between, so that each item has exactly one end in the books
/// whatever the topology is when it passes; with a lossy branch beside it.
std::string random_chain(Random& random) {
  const std::vector<std::string> types{"pass", "drops", "poisoned", "unordered", "throws"};
  std::string out, before = "source";
  for (std::uint32_t i = 0; i < below(random, 5); ++i) {
    // Names are shared between topologies, so that some nodes stay, some change and some go.
    const std::string name = fmt::format("n{}", i);
    out += fmt::format("[nodes.{}]\ntype = \"{}\"\ninputs = [\"{}\"]\nbuffer = {}\nconcurrency = {}\n", name,
                       types[below(random, static_cast<std::uint32_t>(types.size()))], before, 1 + below(random, 3),
                       1 + below(random, 2));
    before = name;
  }
  out += fmt::format("[nodes.store]\ntype = \"store\"\ninputs = [\"{}\"]\n", before);
  if (below(random, 2) == 0) out += "[nodes.after]\ntype = \"pass\"\ninputs = [\"store\"]\nbuffer = 1\n";
  if (below(random, 2) == 0) {
    out += fmt::format("[nodes.live]\ntype = \"unordered\"\ninputs = [\"{}\"]\nbuffer = 1\nwhen_full = \"drop\"\n",
                       before);
  }
  return out;
}

class GRAPH_04_random_changes : public testing::TestWithParam<std::uint32_t> {};

TEST_P(GRAPH_04_random_changes, account_for_every_item_exactly_once) {
  Random random(GetParam());
  const std::uint32_t partitions = 2;
  const std::size_t batch_size = 10;
  const std::uint64_t batches = 1500;
  Counting source(partitions, batch_size);
  Registry registry;
  add_types(registry);
  Stored stored(source);
  registry.add(stored.type("store"));
  std::vector<std::string> wrong;
  const auto commit = source.on_finished;
  source.on_finished = [&](std::uint32_t partition, std::uint64_t batch, Book& book) {
    // Exactly one end for each item of the batch.
    std::vector<std::uint64_t> ends = book.stored;
    for (const auto& [value, outcome] : book.drops) ends.push_back(value);
    for (const auto& poison : book.poison) ends.push_back(poison.value);
    std::sort(ends.begin(), ends.end());
    std::vector<std::uint64_t> items;
    for (std::size_t i = 0; i < batch_size; ++i) items.push_back(source.value_of(partition, batch, i));
    if (ends != items) wrong.push_back(fmt::format("partition {} batch {}: {} ends", partition, batch, ends.size()));
    commit(partition, batch, book);
  };
  Metrics metrics;
  RunnerOptions options;
  options.in_flight = 8;
  // Some graphs get no time at all to drain: what they hold is let go and read again.
  options.drain_deadline = GetParam() % 2 == 0 ? 0ms : 5'000ms;
  Runner runner(registry, source, metrics, options);
  ASSERT_TRUE(runner.apply(topology(registry, random_chain(random))));
  // Each change comes while some of a new portion is under way.
  constexpr std::uint64_t kChanges = 30;
  for (std::uint64_t change = 0; change < kChanges; ++change) {
    source.offer(batches / kChanges);
    source.wait_for_progress();
    const std::string toml = random_chain(random);
    ASSERT_TRUE(runner.apply(topology(registry, toml))) << toml;
  }
  source.wait_finished();
  runner.stop(10s);
  EXPECT_TRUE(wrong.empty()) << wrong.front() << " and " << wrong.size() - 1 << " more";
  EXPECT_EQ(source.wrongly_settled(), 0U);
  EXPECT_EQ(source.finished(0), batches);
  EXPECT_EQ(source.finished(1), batches);
}

INSTANTIATE_TEST_SUITE_P(seeds, GRAPH_04_random_changes, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace mesher::graph
