#pragma once

#include "graph/node.hpp"
#include "nodes/grouping.hpp"

namespace mesher::nodes {

/// What the node does to one event: hashes, title, culprit and grouping_version are set; what they point to lives in
/// `arena`. Doing it again changes nothing.
void fingerprint_event(Event& event, Grouper& grouper, Arena& arena);

/// Node type `fingerprint`: consumes and produces events. No options.
[[nodiscard]] graph::NodeSpec fingerprint_spec();

}  // namespace mesher::nodes
