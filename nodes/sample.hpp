#pragma once

#include "graph/node.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// A number in [0, 1), the same for the same text on every machine and in every version: an event is kept if it is
/// below the rate. So all events of a trace stay or go together, and a higher rate keeps all that a lower one kept.
[[nodiscard]] double sample_point(std::string_view id);

/// Node type `sample`, events to events: keeps each project's `sample_rate` of its events. Outcome of the others:
/// sampled.
[[nodiscard]] graph::NodeSpec sample_spec(const ports::ProjectDirectory* projects);

}  // namespace mesher::nodes
