#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "graph/batch.hpp"
#include "graph/node.hpp"

/// Watching what leaves a node while it runs. A node that nobody watches pays one relaxed load for each batch.
namespace mesher::graph {

/// Who watches. Called on threads of the graph, also from several at a time: it must be quick, change nothing, and copy
/// what it wants to keep. The batch has the node's marks: items to drop, outputs by which items leave.
class TapListener {
 public:
  virtual ~TapListener() = default;
  virtual void passed(Batch& batch) = 0;
};

/// Where a node is watched. Any thread.
class TapPoint {
 public:
  [[nodiscard]] bool tapped() const noexcept { return listening_.load(std::memory_order_relaxed) > 0; }
  void pass(Batch& batch);
  void add(std::shared_ptr<TapListener> listener);
  /// It may still be called for what passes at this moment.
  void remove(const TapListener& listener);

 private:
  // Relaxed: who has just begun to watch may miss the batch of the same microsecond.
  std::atomic<std::uint32_t> listening_{0};
  std::mutex mutex_;
  std::vector<std::shared_ptr<TapListener>> listeners_;  // guarded by mutex_
};

/// The points of a graph by the names of its nodes. They stay when the topology changes: who watches goes on watching
/// the node that has the name then. Any thread.
class Taps {
 public:
  [[nodiscard]] std::shared_ptr<TapPoint> at(std::string_view node);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<TapPoint>, std::less<>> points_;  // guarded by mutex_
};

/// Adds the types of `types` to `registry`, with nodes that can be watched at `taps`, which must outlive them.
void register_tapped(Registry& registry, const Registry& types, Taps& taps);

}  // namespace mesher::graph
