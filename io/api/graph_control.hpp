#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "graph/runner.hpp"
#include "graph/topology.hpp"

namespace mesher::api {

/// The running graph as the API sees it; the composition root implements it over graph::Runner. Any thread; apply() may
/// block until the graph has drained.
class GraphControl {
 public:
  struct Change {
    bool applied = false;                     ///< false for a dry run and when there are mistakes
    std::vector<graph::Diagnostic> mistakes;  ///< all of them; empty: the topology is good
    graph::TopologyDiff diff;                 ///< against the one in force before
  };

  virtual ~GraphControl() = default;
  [[nodiscard]] virtual graph::Topology topology() const = 0;
  [[nodiscard]] virtual std::vector<graph::NodeFigures> figures() const = 0;
  [[nodiscard]] virtual std::uint64_t generation() const = 0;
  [[nodiscard]] virtual bool healthy(std::string* reason) const = 0;

  /// Checks the text of a config file and, unless `dry_run`, puts its topology in force and keeps it for the next
  /// start. Mistakes in the text are an answer, not an error. Errors: unavailable, internal: the graph in force runs
  /// on.
  virtual Result<Change> apply(const std::string& toml, bool dry_run) = 0;
};

}  // namespace mesher::api
