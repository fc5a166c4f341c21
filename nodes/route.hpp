#pragma once

#include "graph/node.hpp"

namespace mesher::nodes {

/// Node type `route`, events to events: sends each event to the first of its named outputs whose condition it meets, in
/// the order of their names; an event that meets none goes to the default output. A consumer takes "node.name" as
/// input.
[[nodiscard]] graph::NodeSpec route_spec();

}  // namespace mesher::nodes
