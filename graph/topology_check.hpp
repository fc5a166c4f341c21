#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/topology.hpp"

/// What can only be said about the nodes of a topology together. For topology_parse.cpp.
namespace mesher::graph {

/// A node as read, with what the checks need to know of its type. `spec` is null if the type is unknown.
struct CheckedNode {
  NodeConfig config;
  const NodeSpec* spec = nullptr;
  std::vector<std::string> outputs;  ///< names, without the default one
  bool outputs_known = false;        ///< false: a mistake in its options hides them
  Place inputs_place;
};

/// Reports unknown, doubled and missing inputs, cycles, kinds that do not match, and ordered sinks in places where they
/// can't work. Brings the nodes into topological order, ties by their order in the file.
void check_wiring(std::vector<CheckedNode>& nodes, const std::map<std::string, std::string>& sources,
                  std::vector<Diagnostic>& mistakes);

}  // namespace mesher::graph
