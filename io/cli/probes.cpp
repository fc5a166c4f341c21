#include "io/cli/probes.hpp"

#include <string>

namespace mesher::cli {

std::vector<metrics::ProbeReader> probes(const nodes::Committer& committer, const postgres::Health& health,
                                         const io::journal::LocalJournal& journal, const graph::Runner& runner) {
  return {[&] {
            const auto trouble = committer.trouble();
            const auto reason = trouble.empty() ? health.reason() : "database: " + trouble;
            return metrics::Probe{"database", reason.empty(), reason};
          },
          [&] {
            const auto status = journal.status();
            return metrics::Probe{"journal", status.accepting, status.reason};
          },
          [&] {
            std::string reason;
            const bool ok = runner.healthy(&reason);
            return metrics::Probe{"graph", ok, reason};
          }};
}

}  // namespace mesher::cli
