#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "graph/batch.hpp"
#include "graph/credits.hpp"

/// tbb::flow::graph behind two small classes; flow.cpp is the only source that includes it. What we rely on of TBB is
/// tested in tests/unit/graph/tbb_facts_test.cpp.
namespace mesher::graph {

/// What travels from node to node inside TBB: batches, with the credit that they hold of the node they are in.
struct Parcel {
  Batch batch;
  std::vector<Batch> more;  ///< pieces of one batch that go on after a restart of the node
  Permit permit;
  bool counted = false;  ///< is in the node's figures already
  bool retried = false;  ///< a new node object was made because of it
};

/// One tbb::flow::function_node with an unbounded queue of its own: credits bound what is put in.
class Lane {
 public:
  virtual ~Lane() = default;
  /// Any thread; never runs the body on the caller's thread.
  virtual void put(std::shared_ptr<Parcel> parcel) = 0;
};

/// A flow graph with the arena it runs in and the thread that owns it. The owner waits in the arena from beginning to
/// end, so work goes on even where TBB has no worker to spare.
class Flow {
 public:
  using Body = std::function<void(Parcel)>;

  /// `threads`: how many work at a time, the owner included.
  explicit Flow(std::uint32_t threads);
  ~Flow();
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// `body` must not throw. The lane lives as long as the flow. Before any put().
  Lane& add_lane(std::uint32_t concurrency, Body body);

  /// While held, the graph is not idle. From any thread, as long as the graph isn't idle or nobody has called finish().
  void hold() noexcept;
  void let_go() noexcept;

  /// Waits until nothing runs, is queued or held, up to `deadline`; then the owner thread ends and true is returned.
  /// May be tried again.
  bool finish(std::chrono::steady_clock::time_point deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mesher::graph
