#pragma once

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "graph/runner.hpp"
#include "toys.hpp"

/// A runner over toy nodes, for the tests of what a running graph promises.
namespace mesher::graph::toys {

using namespace std::chrono_literals;

inline std::vector<std::uint64_t> up_to(std::uint64_t n) {
  std::vector<std::uint64_t> out(n);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

/// One [nodes.NAME] table.
inline std::string node(const std::string& name, const std::string& type, const std::string& inputs,
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

}  // namespace mesher::graph::toys
