#pragma once

#include "graph/node.hpp"
#include "nodes/pipeline_ledger.hpp"
#include "nodes/record.hpp"

namespace mesher::nodes {

/// Turns journal records into events. Bundles of outcomes go into the ledger (may be null) and on no further. Throws
/// std::invalid_argument for a record that can't be read; nothing is counted then.
[[nodiscard]] std::unique_ptr<EventBatch> parse_records(const RecordBatch& records, PipelineLedger* ledger);

/// Node type `parse`: consumes records, produces events. No options.
[[nodiscard]] graph::NodeSpec parse_spec();

}  // namespace mesher::nodes
