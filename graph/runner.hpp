#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "graph/node.hpp"
#include "graph/topology.hpp"

namespace mesher::graph {

/// Figures of one running node, since it was made.
struct NodeFigures {
  std::string name;
  std::string type;
  std::string health;  ///< "ok", "failing" (threw lately), "restarting" (backing off)
  std::uint64_t batches_in = 0, batches_out = 0;
  std::uint64_t items_in = 0, items_out = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t errors = 0, restarts = 0, quarantined = 0;
  std::map<std::string, std::uint64_t> drops;  ///< items, by outcome; "full" for `when_full = "drop"`
  std::uint32_t buffer = 0;                    ///< batches that may be inside
  std::uint32_t inside = 0;                    ///< batches that are
  std::uint64_t waits = 0;                     ///< times a sender had to wait for room here
  double busy_seconds = 0;                     ///< sum over threads of time in process()
};

struct RunnerOptions {
  std::uint32_t threads = 0;     ///< 0: one per core
  std::uint32_t in_flight = 16;  ///< source batches that may be anywhere in the graph, over all partitions
  std::chrono::milliseconds drain_deadline{10'000};
};

/// The running graph: builds a checked topology on tbb::flow::graph, moves batches, supervises, reconfigures.
/// Public methods may be called from any thread; apply() calls are serialised.
class Runner {
 public:
  Runner(const Registry& registry, Source& source, Metrics& metrics, RunnerOptions options);
  ~Runner();  ///< as stop()
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Makes `topology` the running graph. First start is a reconfiguration from nothing. The new nodes are made and
  /// started beside the running graph; then the source pauses, what is in flight finishes (or is let go and re-read
  /// after drain_deadline), state moves over, the new graph takes over. On error the graph in force runs on untouched.
  Status apply(const Topology& topology);

  /// Lets what is in flight finish, up to `deadline`, then ends all threads. Batches not finished stay with the source.
  void stop(std::chrono::milliseconds deadline);

  [[nodiscard]] std::vector<NodeFigures> figures() const;  ///< in topological order
  [[nodiscard]] Topology topology() const;                 ///< the one in force
  [[nodiscard]] std::uint64_t generation() const;          ///< 0 before the first apply, then one more each time
  [[nodiscard]] bool healthy(std::string* reason) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mesher::graph
