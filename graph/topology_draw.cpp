#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "graph/topology.hpp"

namespace mesher::graph {
namespace {

/// Names that are inputs of nodes and no nodes themselves, in the order of their first use.
std::vector<std::string> sources_of(const Topology& topology) {
  std::set<std::string> seen;
  for (const auto& node : topology.nodes) seen.insert(node.name);
  std::vector<std::string> out;
  for (const auto& node : topology.nodes) {
    for (const auto& input : node.inputs) {
      if (seen.insert(input.node).second) out.push_back(input.node);
    }
  }
  return out;
}

std::string label_of(const Input& input) {
  return input.output.empty() ? input.node : fmt::format("{}.{}", input.node, input.output);
}

std::string dot_quoted(std::string_view text) {
  return nlohmann::json(std::string(text)).dump();
}

/// Mermaid's own words (`end`, `graph`) can't be ids, so each gets a prefix.
std::string mermaid_id(std::string_view name) {
  std::string out = "n_";
  for (const char c : name) out += c == '-' ? std::string("__") : std::string(1, c);
  return out;
}

}  // namespace

std::string draw_text(const Topology& topology) {
  std::size_t name_width = 4, type_width = 4;
  for (const auto& node : topology.nodes) {
    name_width = std::max(name_width, node.name.size());
    type_width = std::max(type_width, node.type.size());
  }
  std::string out;
  for (const auto& source : sources_of(topology)) out += fmt::format("{:<{}}  (source)\n", source, name_width);
  for (const auto& node : topology.nodes) {
    std::string inputs;
    for (const auto& input : node.inputs) inputs += (inputs.empty() ? "" : ", ") + label_of(input);
    out += fmt::format("{:<{}}  {:<{}}  ← {}  [buffer {}, concurrency {}{}]\n", node.name, name_width, node.type,
                       type_width, inputs, node.buffer, node.concurrency,
                       node.when_full == "drop" ? ", drops when full" : "");
  }
  return out;
}

std::string draw_mermaid(const Topology& topology) {
  std::string out = "flowchart LR\n";
  for (const auto& source : sources_of(topology)) out += fmt::format("  {}[(\"{}\")]\n", mermaid_id(source), source);
  for (const auto& node : topology.nodes) {
    const std::string type = node.type == node.name ? "" : fmt::format("<br/>{}", node.type);
    out += fmt::format("  {}[\"{}{}\"]\n", mermaid_id(node.name), node.name, type);
  }
  for (const auto& node : topology.nodes) {
    // Dotted: an edge that drops instead of pushing back.
    const std::string_view arrow = node.when_full == "drop" ? "-.->" : "-->";
    for (const auto& input : node.inputs) {
      const std::string label = input.output.empty() ? "" : fmt::format("|{}|", input.output);
      out += fmt::format("  {} {}{} {}\n", mermaid_id(input.node), arrow, label, mermaid_id(node.name));
    }
  }
  return out;
}

std::string draw_dot(const Topology& topology) {
  std::string out = "digraph mesher {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const auto& source : sources_of(topology)) out += fmt::format("  {} [shape=cylinder];\n", dot_quoted(source));
  for (const auto& node : topology.nodes) {
    const std::string label = node.type == node.name ? node.name : node.name + "\n" + node.type;
    out += fmt::format("  {} [label={}];\n", dot_quoted(node.name), dot_quoted(label));
  }
  for (const auto& node : topology.nodes) {
    for (const auto& input : node.inputs) {
      std::string attributes = input.output.empty() ? "" : "label=" + dot_quoted(input.output);
      if (node.when_full == "drop") attributes += attributes.empty() ? "style=dashed" : ", style=dashed";
      out += fmt::format("  {} -> {}{};\n", dot_quoted(input.node), dot_quoted(node.name),
                         attributes.empty() ? "" : " [" + attributes + "]");
    }
  }
  return out + "}\n";
}

std::string to_json(const Topology& topology) {
  auto nodes = nlohmann::ordered_json::array();
  for (const auto& node : topology.nodes) {
    auto inputs = nlohmann::ordered_json::array();
    for (const auto& input : node.inputs) inputs.push_back(label_of(input));
    nodes.push_back({{"name", node.name},
                     {"type", node.type},
                     {"inputs", inputs},
                     {"concurrency", node.concurrency},
                     {"buffer", node.buffer},
                     {"when_full", node.when_full},
                     {"options", nlohmann::ordered_json::parse(node.options_json.empty() ? "{}" : node.options_json)}});
  }
  return nlohmann::ordered_json{{"sources", sources_of(topology)}, {"nodes", nodes}}.dump(2) + "\n";
}

}  // namespace mesher::graph
