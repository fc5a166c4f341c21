#include "io/cli/test_command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "io/cli/graph_service.hpp"
#include "nodes/catalog.hpp"
#include "nodes/topology_tests.hpp"

namespace mesher::cli {
namespace {

std::string indented(std::string_view text) {
  std::string out = "      ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "      ";
  }
  return out;
}

}  // namespace

int run_test(const CommandLine& line) {
  const auto file = line.config.file.empty() ? std::string("built-in topology") : line.config.file.string();
  graph::Registry registry;
  nodes::register_nodes(registry, {});
  auto parsed = parse_config_topology(line.config.topology_text, registry);
  nodes::TopologyTestRun run;
  if (parsed.mistakes.empty()) {
    run = nodes::run_topology_tests(line.config.topology_text, parsed.topology);
    parsed.mistakes = std::move(run.mistakes);
  }
  for (const auto& mistake : parsed.mistakes) fmt::print(stderr, "{}\n", mistake.text(file));
  if (!parsed.mistakes.empty()) return 1;
  for (const auto& one : run.outcomes) {
    fmt::print("{}  {}\n", one.failures.empty() ? "ok  " : "FAIL", one.name);
    for (const auto& failure : one.failures) {
      fmt::print("    {}:{}:{}: at node {}\n{}\n", file, failure.place.line, failure.place.column, failure.node,
                 indented(failure.message));
    }
  }
  const auto failed = run.failed();
  fmt::print("{} tests, {} failed\n", run.outcomes.size(), failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace mesher::cli
