#pragma once

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "graph/node.hpp"
#include "nodes/issue_directory.hpp"
#include "nodes/ports/broadcaster.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// What node types need from outside. All null is fine for a program that only checks or draws topologies: nothing is
/// used before a node is made. What is given must outlive all nodes.
struct NodeDependencies {
  const ports::ProjectDirectory* projects = nullptr;
  const Clock* clock = nullptr;
  Metrics* metrics = nullptr;
  IssueDirectory* issues = nullptr;
  ports::Broadcaster* broadcaster = nullptr;
};

/// The list of all node types.
void register_nodes(graph::Registry& registry, const NodeDependencies& dependencies);

}  // namespace mesher::nodes
