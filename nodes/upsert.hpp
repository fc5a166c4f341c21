#pragma once

#include "graph/node.hpp"
#include "nodes/issue_directory.hpp"

namespace mesher::nodes {

/// Node type `upsert`: gives every event its issue, creating issues that do not exist yet, exactly once whatever the
/// concurrency and however many nodes. Events of known fingerprints pass on the spot; only batches with an unknown one
/// wait for PostgreSQL, on a thread of this node, which retries with back-off while the database is away.
[[nodiscard]] graph::NodeSpec upsert_spec(IssueDirectory* directory);

}  // namespace mesher::nodes
