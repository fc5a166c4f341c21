#include "graph/runner.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "toys.hpp"

namespace mesher::graph {
namespace {

using namespace toys;

std::vector<std::uint64_t> up_to(std::uint64_t n) {
  std::vector<std::uint64_t> out(n);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

class GRAPH_01_runner : public testing::Test {
 protected:
  Registry registry;
  Metrics metrics;
  Collected out;
};

TEST_F(GRAPH_01_runner, brings_every_item_through_a_chain_of_sync_and_async_nodes) {
  registry.add(lambda_type("double", [](Batch& batch) {
    for (auto& value : numbers(batch).values) value *= 2;
  }));
  registry.add(slow_type("halve", [](Batch& batch) {
    for (auto& value : numbers(batch).values) value /= 2;
  }));
  registry.add(out.type("collect"));
  Counting source(1, 16);
  Runner runner(registry, source, metrics, {});
  ASSERT_TRUE(runner.apply(topology(registry, R"(
    [nodes.double]
    type = "double"
    inputs = ["source"]
    buffer = 2
    [nodes.halve]
    type = "halve"
    inputs = ["double"]
    buffer = 1
    [nodes.collect]
    type = "collect"
    inputs = ["halve"]
    buffer = 1
  )")));
  source.offer(500);
  source.wait_finished();
  runner.stop(std::chrono::seconds(5));
  EXPECT_EQ(out.sorted(), up_to(8000));
  EXPECT_EQ(source.wrongly_settled(), 0U);
  EXPECT_EQ(source.rewinds(), 0U);
}

}  // namespace
}  // namespace mesher::graph
