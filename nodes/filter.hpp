#pragma once

#include "graph/node.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// Node type `filter`, events to events. Without `where`: the inbound filters of each event's project (`inbound`). With
/// `where`: keeps (or, with action = "drop", drops) the events that meet the condition. Outcome of what leaves:
/// filtered, with the filter's key, or `reason`.
[[nodiscard]] graph::NodeSpec filter_spec(const ports::ProjectDirectory* projects);

}  // namespace mesher::nodes
