#include "io/cli/memory_bound.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "io/http/server.hpp"
#include "io/journal/local_journal.hpp"
#include "nodes/validate.hpp"

namespace mesher::cli {
namespace {

/// The sum of the buffers of the nodes that a branch with when_full = "drop" leads through: its batches hold no place
/// in the window (graph/README.md), so each credit can be one more.
std::uint64_t room_of_dropping_branches(const graph::Topology& topology) {
  std::set<std::string> dropping;
  std::uint64_t room = 0;
  for (const auto& node : topology.nodes) {  // in topological order: inputs come first
    const bool inside =
        node.when_full == "drop" ||
        std::any_of(node.inputs.begin(), node.inputs.end(), [&](const auto& i) { return dropping.contains(i.node); });
    if (!inside) continue;
    dropping.insert(node.name);
    room += node.buffer;
  }
  return room;
}

std::uint64_t mebi(std::uint64_t bytes) {
  return (bytes + (1 << 20) - 1) >> 20;
}

}  // namespace

MemoryBound memory_bound(const Config& config, const graph::Topology& topology) {
  const http::ServerOptions http;
  MemoryBound bound;
  bound.in_flight = config.graph_in_flight;
  bound.in_hand = config.journal_partitions - 1;
  bound.droppable = room_of_dropping_branches(topology);
  bound.batch_bytes = std::max<std::uint64_t>(config.graph_batch_bytes, nodes::kMaxEventBytes);
  bound.graph_bytes = (bound.in_flight + bound.in_hand + bound.droppable) * bound.batch_bytes;
  bound.journal_bytes = config.journal_partitions * io::journal::LocalJournalOptions().max_queued_bytes;
  bound.body_bytes = http.body_budget_bytes;
  bound.total_bytes = bound.graph_bytes + bound.journal_bytes + bound.body_bytes;
  bound.socket_bytes = http.websocket_queue_bytes;
  return bound;
}

std::string text_of(const MemoryBound& b) {
  return fmt::format(
      "in memory at most {} MiB of events:\n"
      "  graph    {} MiB: {} batches in flight, {} in the hand of readers, {} in branches that drop; {} MiB each\n"
      "  journal  {} MiB waiting to be written\n"
      "  bodies   {} MiB being received\n"
      "and per WebSocket {} MiB of frames that it has not taken\n",
      mebi(b.total_bytes), mebi(b.graph_bytes), b.in_flight, b.in_hand, b.droppable, mebi(b.batch_bytes),
      mebi(b.journal_bytes), mebi(b.body_bytes), mebi(b.socket_bytes));
}

std::string with_memory_bound(const std::string& topology_json, const MemoryBound& b) {
  auto json = nlohmann::ordered_json::parse(topology_json);
  json["memory"] = {{"total_bytes", b.total_bytes},     {"graph_bytes", b.graph_bytes},
                    {"journal_bytes", b.journal_bytes}, {"body_bytes", b.body_bytes},
                    {"socket_bytes", b.socket_bytes},   {"batches", b.in_flight + b.in_hand + b.droppable},
                    {"batch_bytes", b.batch_bytes}};
  return json.dump(2);
}

}  // namespace mesher::cli
