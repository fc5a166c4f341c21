#pragma once

#include <vector>

#include "graph/runner.hpp"
#include "io/journal/local_journal.hpp"
#include "io/metrics/operations.hpp"
#include "io/postgres/health.hpp"
#include "nodes/committer.hpp"

namespace mesher::cli {

/// What `/readyz` asks: the database, the journal, the graph. All must outlive the answer.
[[nodiscard]] std::vector<metrics::ProbeReader> probes(const nodes::Committer& committer,
                                                       const postgres::Health& health,
                                                       const io::journal::LocalJournal& journal,
                                                       const graph::Runner& runner);

}  // namespace mesher::cli
