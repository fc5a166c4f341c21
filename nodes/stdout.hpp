#pragma once

#include "graph/node.hpp"

namespace mesher::nodes {

/// Node type `stdout`, a sink for events: one line of JSON each to standard output.
[[nodiscard]] graph::NodeSpec stdout_spec();

}  // namespace mesher::nodes
