#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/node.hpp"
#include "graph/topology.hpp"

/// The `[[tests]]` of a config file: events go in at a node, and these should come out of that one (docs/operate.md).
/// They run on nodes of their own, on the caller's thread, one test after another, each with nodes made anew and a
/// clock that stands still unless the test moves it. Nothing outside is touched: nodes that write, send or ask a
/// database let everything pass.
namespace mesher::nodes {

/// What did not come as expected.
struct TestFailure {
  graph::Place place;  ///< of the expectation
  std::string node;
  std::string message;  ///< may have several lines: expected and found
};

struct TestOutcome {
  std::string name;
  graph::Place place;
  std::vector<TestFailure> failures;  ///< empty: it passed
};

struct TopologyTestRun {
  std::vector<graph::Diagnostic> mistakes;  ///< in the tests themselves; then nothing was run
  std::vector<TestOutcome> outcomes;        ///< in the order of the file
  [[nodiscard]] std::size_t failed() const;
};

/// `topology`: parsed from `toml` without mistakes.
[[nodiscard]] TopologyTestRun run_topology_tests(std::string_view toml, const graph::Topology& topology);

}  // namespace mesher::nodes
