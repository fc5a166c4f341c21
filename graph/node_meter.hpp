#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "graph/base/metrics.hpp"
#include "graph/batch.hpp"
#include "graph/credits.hpp"
#include "graph/runner.hpp"

namespace mesher::graph {

/// The figures of one node, kept in the program's Metrics (`mesher_node_…{node,type}`) and read back for NodeFigures.
/// Counted per batch. Any thread, after bind().
class NodeMeter {
 public:
  NodeMeter(std::string node, std::string type) : node_(std::move(node)), type_(std::move(type)) {}

  /// Looks the series up. `before`: the meter of the same node in the graph before, whose figures go on; null: from 0.
  void bind(Metrics& metrics, const NodeMeter* before, std::shared_ptr<const Credits> credits, std::uint32_t buffer);

  void in(const Batch& batch) { in_.add(batch.content()); }
  void out(const Content& content) { out_.add(content); }
  void worked(std::chrono::steady_clock::duration time) { busy_->observe(std::chrono::duration<double>(time).count()); }
  void error() { errors_.counter->add(); }
  void restart() { restarts_.counter->add(); }
  void quarantined(std::size_t items) { quarantined_.counter->add(items); }
  void dropped(std::string_view outcome, std::size_t items);
  void waited() { waits_.counter->add(); }

  /// Adds the counters to `out`.
  void read(NodeFigures& out) const;

 private:
  struct Tally {
    Counter* counter = nullptr;
    std::uint64_t base = 0;  // where this node's count began
    [[nodiscard]] std::uint64_t value() const { return counter->value() - base; }
  };
  struct Flowed {
    Tally batches, items, bytes;
    void add(const Content& content) {
      batches.counter->add();
      items.counter->add(content.size());
      bytes.counter->add(content.bytes());
    }
  };
  Tally tally(Metrics& metrics, std::string_view name, std::string_view help, const Tally* before) const;
  [[nodiscard]] Labels labels() const { return {{"node", node_}, {"type", type_}}; }

  const std::string node_;
  const std::string type_;
  Metrics* metrics_ = nullptr;
  Flowed in_, out_;
  Tally errors_, restarts_, quarantined_, waits_;
  Histogram* busy_ = nullptr;
  double busy_base_ = 0;
  mutable std::mutex mutex_;  // drops_
  std::map<std::string, Tally, std::less<>> drops_;
};

}  // namespace mesher::graph
