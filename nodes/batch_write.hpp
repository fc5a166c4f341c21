#pragma once

#include "graph/node.hpp"

namespace mesher::nodes {

/// Node type `batch_write`: stores events. Puts the batch into the books of its source batch (PipelineLedger); when all
/// of that has settled, the Committer stores it, in the journal's order, in one transaction with counters, roll-ups,
/// outcomes and the journal cursor. What is stored goes on to the outputs: live stream, alerts.
[[nodiscard]] graph::NodeSpec batch_write_spec();

}  // namespace mesher::nodes
