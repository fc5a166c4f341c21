#pragma once

#include <cstdint>
#include <string>

#include "graph/topology.hpp"
#include "io/cli/config.hpp"

namespace mesher::cli {

/// What of events can be in memory at a time, as the config says it: the sum of all bounded buffers on their way from
/// the socket to the database. In bytes as they came; what nodes add to parsed events comes on top.
struct MemoryBound {
  std::uint64_t in_flight = 0;    ///< batches in the graph's window
  std::uint64_t in_hand = 0;      ///< read ahead while the window is full: one for each further partition
  std::uint64_t droppable = 0;    ///< room of branches that drop when full: those batches are outside the window
  std::uint64_t batch_bytes = 0;  ///< of one batch
  std::uint64_t graph_bytes = 0;
  std::uint64_t journal_bytes = 0;  ///< waiting to be written, all partitions
  std::uint64_t body_bytes = 0;     ///< being received and inflated
  std::uint64_t total_bytes = 0;
  std::uint64_t socket_bytes = 0;  ///< beside the total: per WebSocket, frames that it has not taken
};

[[nodiscard]] MemoryBound memory_bound(const Config& config, const graph::Topology& topology);

/// For people, a few lines.
[[nodiscard]] std::string text_of(const MemoryBound& bound);
/// The JSON of a topology with one member more: "memory".
[[nodiscard]] std::string with_memory_bound(const std::string& topology_json, const MemoryBound& bound);

}  // namespace mesher::cli
