#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "graph/node.hpp"

namespace mesher::graph {

/// A place in a config file, counted from 1; line 0: no place.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// One mistake. `text(file)` gives `file:line:column: message (hint)`.
struct Diagnostic {
  Place place;
  std::string message;
  std::string hint;
  [[nodiscard]] std::string text(std::string_view file) const;
};

/// An input of a node: another node (or a source such as "journal") and the name of its output; empty: the default one.
struct Input {
  std::string node;
  std::string output;
  Place place;
};

/// One [nodes.NAME] table as data.
struct NodeConfig {
  std::string name;
  std::string type;
  std::vector<Input> inputs;
  std::uint32_t concurrency = 1;
  std::uint32_t buffer = 16;
  std::string when_full = "wait";  ///< or "drop"
  std::string options_json;  ///< its own options, normalised (sorted keys, defaults filled in): what diff compares
  std::vector<std::string> options_given;  ///< which of them the file sets
  Place place;
};

/// A topology as plain data: what the file says, checked. Value type.
struct Topology {
  std::vector<NodeConfig> nodes;  ///< in topological order, ties by their order in the file
  std::string source_text;        ///< the file, for showing and for storing
};

/// What parse_topology found. `topology` is meaningful only if `mistakes` is empty.
struct ParsedTopology {
  Topology topology;
  std::vector<Diagnostic> mistakes;  ///< all at once, by place
};

/// Parses and checks the `[nodes.*]` tables of a TOML file: unknown types and keys (with the nearest known name as a
/// hint), wrong types and ranges, missing and doubled inputs, cycles, kinds that do not match, nodes that nothing
/// reaches. `sources`: names that nodes may take as input, with the kind of content each produces. Top-level tables
/// other than `nodes` and `tests` must be in `other_tables` (they are the program's business and not looked into).
[[nodiscard]] ParsedTopology parse_topology(std::string_view toml, const Registry& registry,
                                            const std::map<std::string, std::string>& sources,
                                            const std::vector<std::string>& other_tables);

/// What changed between two topologies, by node name.
struct TopologyDiff {
  std::vector<std::string> added, removed;
  std::vector<std::string> retuned;  ///< same inputs; type, options, concurrency, buffer or when_full differ
  std::vector<std::string> rewired;  ///< inputs differ
  [[nodiscard]] bool empty() const { return added.empty() && removed.empty() && retuned.empty() && rewired.empty(); }
};
[[nodiscard]] TopologyDiff diff(const Topology& from, const Topology& to);

/// Drawings of a topology.
[[nodiscard]] std::string draw_text(const Topology& topology);
[[nodiscard]] std::string draw_mermaid(const Topology& topology);
[[nodiscard]] std::string draw_dot(const Topology& topology);
[[nodiscard]] std::string to_json(const Topology& topology);

}  // namespace mesher::graph
