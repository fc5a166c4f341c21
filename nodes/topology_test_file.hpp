#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/topology.hpp"

/// The tests of a config file as data. Internal to topology_tests.
namespace mesher::nodes {

/// An event that is sent, or time that goes by.
struct TestStep {
  std::string event;  ///< JSON; empty: none
  std::chrono::microseconds advance{0};
};

struct TestExpectation {
  graph::Place place;
  std::string node, output;
  std::optional<std::int64_t> count;                        ///< so many events leave
  std::optional<std::string> dropped;                       ///< one is dropped with this outcome or detail
  std::vector<std::pair<std::string, std::string>> fields;  ///< "message", "tags.region"; with their values
};

struct TestCase {
  std::string name;
  graph::Place place;
  std::string insert_at;
  std::optional<UnixMicros> at;  ///< when it begins
  std::vector<TestStep> steps;
  std::vector<TestExpectation> expectations;
};

/// The fields of an event that expectations may name, beside `tags.<key>`.
[[nodiscard]] const std::vector<std::string>& expectable_fields();

/// Mistakes are added, at their places.
[[nodiscard]] std::vector<TestCase> read_tests(std::string_view toml, const graph::Topology& topology,
                                               std::vector<graph::Diagnostic>& mistakes);

}  // namespace mesher::nodes
