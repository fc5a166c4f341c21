#include <algorithm>

#include "graph/topology.hpp"

namespace mesher::graph {
namespace {

const NodeConfig* find(const Topology& topology, const std::string& name) {
  for (const auto& node : topology.nodes) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

bool same_inputs(const NodeConfig& a, const NodeConfig& b) {
  const auto sorted = [](const NodeConfig& node) {
    std::vector<std::pair<std::string, std::string>> inputs;
    for (const auto& input : node.inputs) inputs.emplace_back(input.node, input.output);
    std::sort(inputs.begin(), inputs.end());
    return inputs;
  };
  return sorted(a) == sorted(b);
}

bool same_tuning(const NodeConfig& a, const NodeConfig& b) {
  return a.type == b.type && a.concurrency == b.concurrency && a.buffer == b.buffer && a.when_full == b.when_full &&
         a.options_json == b.options_json;
}

}  // namespace

TopologyDiff diff(const Topology& from, const Topology& to) {
  TopologyDiff out;
  for (const auto& node : to.nodes) {
    const NodeConfig* before = find(from, node.name);
    if (before == nullptr) {
      out.added.push_back(node.name);
      continue;
    }
    if (!same_inputs(*before, node)) {
      out.rewired.push_back(node.name);
    } else if (!same_tuning(*before, node)) {
      out.retuned.push_back(node.name);
    }
  }
  for (const auto& node : from.nodes) {
    if (find(to, node.name) == nullptr) out.removed.push_back(node.name);
  }
  return out;
}

}  // namespace mesher::graph
