#pragma once

#include <filesystem>
#include <mutex>
#include <string>

#include "graph/base/metrics.hpp"
#include "graph/runner.hpp"
#include "io/api/graph_control.hpp"
#include "io/cli/config.hpp"

namespace mesher::cli {

/// Parses and checks the text of a config file against the known node types; settings' tables are left alone.
[[nodiscard]] graph::ParsedTopology parse_config_topology(std::string_view toml, const graph::Registry& registry);

/// The running graph for the API and for SIGHUP. A topology put in force by the API is kept in the data directory for
/// the next start, unless a config file says what runs. Any thread.
class GraphService final : public api::GraphControl {
 public:
  GraphService(graph::Runner& runner, const graph::Registry& registry, const Config& config, Metrics& metrics);

  [[nodiscard]] graph::Topology topology() const override { return runner_.topology(); }
  [[nodiscard]] std::vector<graph::NodeFigures> figures() const override { return runner_.figures(); }
  [[nodiscard]] std::uint64_t generation() const override { return runner_.generation(); }
  [[nodiscard]] bool healthy(std::string* reason) const override { return runner_.healthy(reason); }
  Result<Change> apply(const std::string& toml, bool dry_run) override;

  /// Starts the topology of the config. Mistakes are printed with their places.
  Status start();

  /// SIGHUP: reads the config file again. What is wrong with it is logged, and the graph in force runs on.
  void reload();

 private:
  [[nodiscard]] std::filesystem::path kept_file() const { return config_.data_dir / "topology.toml"; }
  Result<Change> apply_text(const std::string& toml, bool dry_run);

  graph::Runner& runner_;
  const graph::Registry& registry_;
  const Config& config_;
  Counter& reloads_;
  Counter& refused_;
  std::mutex mutex_;  ///< one change at a time, with its file
};

}  // namespace mesher::cli
