#pragma once

#include <cstdint>
#include <vector>

#include "graph/batch.hpp"
#include "graph/credits.hpp"

namespace mesher::graph {

class Stage;
class NodeMeter;

/// Where the batches of a node (or of the source) go on to. Wired before anything flows, then read only; hand_on() from
/// any thread.
class Outlet {
 public:
  /// `meter` counts what leaves; null: nobody counts (the source).
  explicit Outlet(NodeMeter* meter) : meter_(meter) {}

  /// Consumers of a port: 0 is the default output.
  void connect(std::uint32_t port, Stage& to);

  /// Applies the marks of the batch (drops, routes), then gives each consumer its copy. Consumers that wait get theirs
  /// as soon as they have room, and `turn` is shared until then; consumers that drop get theirs if they have room now,
  /// without receipt and slot. Nothing is left to hand on of an empty batch: it is let go.
  void hand_on(Batch batch, Turn& turn);

 private:
  struct Consumers {
    std::vector<Stage*> dropping;
    std::vector<Stage*> waiting;
  };

  void book_drops(Batch& batch) const;
  void hand_on_routed(Batch batch, Turn& turn);
  void deliver(std::uint32_t port, Batch batch, Turn& turn);

  NodeMeter* meter_;
  std::vector<Consumers> ports_;
};

}  // namespace mesher::graph
