#pragma once

#include "graph/node.hpp"

namespace mesher::nodes {

/// Node type `fault`, events to events: throws on events whose message has a given text in it. To see how the graph
/// takes a node that fails: put it into a topology, send such an event, look at quarantine.
[[nodiscard]] graph::NodeSpec fault_spec();

}  // namespace mesher::nodes
