#include "io/cli/graph_service.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <utility>

#include "graph/base/log.hpp"
#include "nodes/default_topology.hpp"

namespace mesher::cli {

graph::ParsedTopology parse_config_topology(std::string_view toml, const graph::Registry& registry) {
  static const std::map<std::string, std::string> kSources = {{"journal", "records"}};
  return graph::parse_topology(toml, registry, kSources, setting_tables());
}

GraphService::GraphService(graph::Runner& runner, const graph::Registry& registry, const Config& config,
                           Metrics& metrics)
    : runner_(runner),
      registry_(registry),
      config_(config),
      reloads_(metrics.counter("mesher_topology_reads_total", "Topologies that were read again, good or not")),
      refused_(metrics.counter("mesher_topology_reads_refused_total", "Topologies that were read again and refused")) {}

Status GraphService::start() {
  auto text = config_.topology_text;
  if (config_.file.empty()) {
    if (auto kept = read_file(kept_file())) text = std::move(kept).value();
  }
  const auto change = apply_text(text, false);
  if (!change) return change.error();
  if (change->mistakes.empty()) return {};
  const auto name = config_.file.empty() ? kept_file().string() : config_.file.string();
  std::string all;
  for (const auto& mistake : change->mistakes) all += fmt::format("\n  {}", mistake.text(name));
  return Error{ErrorCode::invalid, "the topology has mistakes:" + all, {}};
}

void GraphService::reload() {
  reloads_.add();
  if (config_.file.empty()) {
    log::info("graph", "SIGHUP: there is no config file to read again");
    return;
  }
  auto text = read_file(config_.file);
  if (!text) {
    refused_.add();
    log::error("graph", "{}: the graph in force runs on", text.error().message);
    return;
  }
  auto fresh = config_;
  fresh.topology_text = std::string(nodes::kDefaultTopology);
  const auto settings = apply_file(*text, {}, fresh);
  const std::lock_guard lock(mutex_);
  auto change = apply_text(fresh.topology_text, false);
  for (const auto& mistake : settings) log::error("graph", "{}", mistake.text(config_.file.string()));
  if (!change) {
    refused_.add();
    log::error("graph", "{}: the graph in force runs on", change.error().message);
    return;
  }
  for (const auto& mistake : change->mistakes) log::error("graph", "{}", mistake.text(config_.file.string()));
  if (!change->mistakes.empty()) {
    refused_.add();
    log::error("graph", "{} has mistakes: the graph in force runs on", config_.file.string());
    return;
  }
  log::info("graph", "topology in force: {} added, {} removed, {} retuned, {} rewired", change->diff.added.size(),
            change->diff.removed.size(), change->diff.retuned.size(), change->diff.rewired.size());
}

Result<api::GraphControl::Change> GraphService::apply(const std::string& toml, bool dry_run) {
  const std::lock_guard lock(mutex_);
  auto change = apply_text(toml, dry_run);
  if (!dry_run) reloads_.add();
  if (!change || !change->applied) {
    if (!dry_run) refused_.add();
    return change;
  }
  if (config_.file.empty()) {
    const auto fresh = kept_file().string() + ".new";
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out << toml;
    out.close();
    std::error_code failure;
    if (out) std::filesystem::rename(fresh, kept_file(), failure);
    if (!out || failure) log::warn("graph", "the topology is in force but can't be kept in {}", kept_file().string());
  }
  return change;
}

Result<api::GraphControl::Change> GraphService::apply_text(const std::string& toml, bool dry_run) {
  auto parsed = parse_config_topology(toml, registry_);
  Change change;
  change.mistakes = std::move(parsed.mistakes);
  if (!change.mistakes.empty()) return change;
  change.diff = graph::diff(runner_.topology(), parsed.topology);
  if (dry_run) return change;
  const auto status = runner_.apply(parsed.topology);
  if (!status) return status.error();
  change.applied = true;
  return change;
}

}  // namespace mesher::cli
