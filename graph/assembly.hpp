#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "graph/flow.hpp"
#include "graph/gate.hpp"
#include "graph/node.hpp"
#include "graph/outlet.hpp"
#include "graph/pump.hpp"
#include "graph/receipt.hpp"
#include "graph/runner.hpp"
#include "graph/stage.hpp"
#include "graph/timer.hpp"
#include "graph/topology.hpp"

namespace mesher::graph {

/// One built graph, from a topology. Reconfiguring means: build the next one beside it, bring this one to rest, start
/// the next one. A node whose type, options and concurrency are the same is not made anew: its object moves over.
///
/// Life: build -> start -> pause -> drain, again if need be -> abandon if it did not come to rest -> retire ->
/// destroyed. One thread at a time calls these; figures() any thread, as long as it lives.
class Assembly {
 public:
  /// Makes and starts the node objects that are new. On error everything made so far is stopped. `before`: the graph in
  /// force, whose objects are shared; null: none.
  static Result<std::unique_ptr<Assembly>> build(const Registry& registry, Source& source, Metrics& metrics,
                                                 const RunnerOptions& options, const Topology& topology,
                                                 const Assembly* before);
  ~Assembly();
  Assembly(const Assembly&) = delete;
  Assembly& operator=(const Assembly&) = delete;

  /// `before`: the graph that is at rest now (or null), from which state and figures come. If it was abandoned, no
  /// object of it can be used any more: all that were to move over are made anew, and a node that can't be yet begins
  /// as restarting.
  void start(const Assembly* before);

  /// The source is not asked for more.
  void pause();

  /// Waits for rest: all that came in has gone through. False: not before `deadline`.
  bool drain(std::chrono::steady_clock::time_point deadline);

  /// Lets go of all that is inside, without settling: the source reads it again. Afterwards drain() succeeds.
  void abandon();

  /// At rest: stops the AsyncNodes that `next` has not taken over.
  void retire(const Assembly* next);

  [[nodiscard]] std::vector<NodeFigures> figures() const;
  [[nodiscard]] const Stage* find(std::string_view node) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Stage>>& stages() const { return stages_; }

 private:
  Assembly(Source& source, Metrics& metrics, const RunnerOptions& options);
  Status add_stage(const NodeSpec& spec, const NodeConfig& config, const Assembly* before);
  Status add_inflow(const NodeSpec& spec, const NodeConfig& config, const Assembly* before);
  void wire(const Topology& topology, const Registry& registry);
  void find_side_branches();
  void start_pumps();
  Stage* find(std::string_view node);

  /// A node that is a source.
  struct Inflow {
    Stage* stage;
    std::shared_ptr<Source> source;
    std::shared_ptr<Window> window;
  };

  Source& source_;
  Metrics& metrics_;
  const RunnerOptions options_;
  const std::shared_ptr<Gate> epoch_;
  const std::shared_ptr<Window> window_;
  Timer timer_;
  std::vector<std::unique_ptr<Stage>> stages_;  // in topological order
  std::vector<bool> shared_;                    // parallel: its node object comes from the graph before
  std::vector<Inflow> inflows_;
  Outlet inlet_;
  std::unique_ptr<Flow> flow_;
  bool source_is_used_ = false;
  bool abandoned_ = false;

  std::mutex mutex_;  // pumps_left_
  std::condition_variable changed_;
  std::size_t pumps_left_ = 0;
  std::vector<std::unique_ptr<Pump>> pumps_;
};

}  // namespace mesher::graph
