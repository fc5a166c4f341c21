#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "graph/batch.hpp"
#include "graph/credits.hpp"
#include "graph/flow.hpp"
#include "graph/gate.hpp"
#include "graph/guard.hpp"
#include "graph/node.hpp"
#include "graph/node_meter.hpp"
#include "graph/outlet.hpp"
#include "graph/supervisor.hpp"
#include "graph/timer.hpp"
#include "graph/topology.hpp"

namespace mesher::graph {

/// A node object, however it is made; shared with the graph that comes next if its config stays.
struct LiveNode {
  std::shared_ptr<Node> node;
  std::shared_ptr<AsyncNode> async;
  std::shared_ptr<Gate> submitting;  ///< of an AsyncNode: closed before stop(), so that no submit() comes after it
  void stop() const;                 ///< ends an AsyncNode's threads
};

/// Makes and starts the node that a config asks for. Library exceptions become errors.
[[nodiscard]] Result<LiveNode> make_live_node(const NodeSpec& spec, const NodeConfig& config);

/// A running node with all that the engine does around it: room, work, failures, figures, handing on.
///
/// Life: made -> wired (outlet) -> start -> put any number of times -> at rest, or abandon -> stop_node, unless its
/// node object moves on -> destroyed. Everything is callable from any thread except where it says otherwise.
class Stage final : public PermitHolder {
 public:
  /// `window`: the source batches that may be in flight; the room of an ordered sink. `epoch` closes when the graph is
  /// abandoned.
  Stage(const NodeSpec& spec, NodeConfig config, LiveNode live, std::uint32_t window, std::shared_ptr<Gate> epoch,
        Timer& timer);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] const NodeConfig& config() const { return config_; }
  [[nodiscard]] const NodeSpec& spec() const { return spec_; }
  [[nodiscard]] Outlet& outlet() { return outlet_; }
  /// On a branch that does not lead to the ordered sink, in a graph that has one: nothing is booked here. To be set
  /// before anything flows.
  void set_side(bool side) { side_ = side; }
  [[nodiscard]] bool is_side() const { return side_; }
  [[nodiscard]] bool drops_when_full() const { return config_.when_full == "drop"; }
  /// The node object; null while a new one is to be made.
  [[nodiscard]] LiveNode live() const;
  [[nodiscard]] NodeMeter& meter() { return meter_; }

  /// Before anything flows. `before`: the stage whose figures go on here, or null.
  void start(Flow& flow, Metrics& metrics, const Stage* before);

  /// Takes over the node object that the graph before had at its end. If it has none (or none that works any more), one
  /// is made as soon as that succeeds; what arrives meanwhile waits. Before anything flows.
  void adopt(LiveNode live);

  // Room. A permit also keeps the flow from looking idle.
  [[nodiscard]] std::optional<Permit> try_admit();
  /// True: a credit is taken, adopt_credit() it. False: `waiter` waits.
  [[nodiscard]] bool admit_or_wait(std::unique_ptr<Credits::Waiter>& waiter);
  [[nodiscard]] Permit adopt_credit();
  void give_back() noexcept override;
  void count_full(std::size_t items) { meter_.dropped("full", items); }

  /// Enqueues a batch that has been admitted.
  void put(Batch batch, Permit permit);

  /// After the epoch's gate was closed: lets go of all batches that wait here or are inside an AsyncNode, which is
  /// stopped.
  void abandon();

  /// At rest: ends an AsyncNode's threads.
  void stop_node();

  [[nodiscard]] NodeFigures figures() const;
  [[nodiscard]] bool restarting() const;
  [[nodiscard]] std::string last_failure() const { return supervisor_.last_reason(); }

 private:
  friend class AsyncCall;

  // Work on the graph's threads.
  void run(Parcel parcel) noexcept;
  void process(Node& node, std::uint64_t made, Parcel parcel);
  [[nodiscard]] std::vector<Batch> process_batch(Node& node, Batch batch, bool retried, Turn& turn);
  void submit(AsyncNode& node, std::uint64_t made, Parcel parcel);

  // Answers of an AsyncNode, inside gate_.
  void finished(Batch batch, std::chrono::steady_clock::time_point begun);
  void given_up(Batch batch, std::uint64_t made, bool retried, std::string reason);
  void lost();
  [[nodiscard]] Permit reclaim();

  // Failures.
  void note_failure(const std::string& reason, std::size_t times);
  void fail(Batch batch, Permit permit, std::uint64_t made, bool retried, std::string reason);
  void quarantine(Batch item, const std::string& reason);
  void restart(Parcel parcel, std::uint64_t made);
  void remake();
  [[nodiscard]] Permit admit_over_bound();

  const NodeSpec& spec_;
  const NodeConfig config_;
  const std::uint32_t buffer_;
  const std::shared_ptr<Gate> epoch_;
  Timer& timer_;
  const std::shared_ptr<Credits> credits_;
  NodeMeter meter_;
  Outlet outlet_;
  Supervisor supervisor_;
  const std::shared_ptr<Gate> gate_;           // who answers an AsyncNode's call is inside
  std::atomic<std::uint32_t> outstanding_{0};  // permits of batches inside an AsyncNode; exact once gate_ is closed
  Flow* flow_ = nullptr;
  Lane* lane_ = nullptr;
  bool side_ = false;

  mutable std::mutex mutex_;  // what follows
  LiveNode live_;
  std::uint64_t made_ = 0;  // counts node objects, to tell answers of an old one
  bool held_ = false;       // no node to work: batches are parked
  bool abandoned_ = false;  // nothing is parked any more
  std::vector<std::shared_ptr<Parcel>> parked_;
};

}  // namespace mesher::graph
