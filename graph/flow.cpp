#include "graph/flow.hpp"

#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "graph/base/thread.hpp"

namespace mesher::graph {
namespace {

// TBB copies messages and shows bodies a const reference, so the message is a handle. Each has exactly one reader.
using Message = std::shared_ptr<Parcel>;

class FunctionLane final : public Lane {
 public:
  FunctionLane(tbb::flow::graph& graph, std::uint32_t concurrency, Flow::Body body)
      : node_(graph, concurrency, [body = std::move(body)](const Message& message) noexcept {
          body(std::move(*message));
          return tbb::flow::continue_msg();
        }) {}

  void put(Message message) override { node_.try_put(message); }

 private:
  // Queueing, so that try_put never refuses.
  tbb::flow::function_node<Message, tbb::flow::continue_msg, tbb::flow::queueing> node_;
};

/// TBB's workers may come and go; each yields from its first visit on.
class YieldingWorkers final : public tbb::task_scheduler_observer {
 public:
  explicit YieldingWorkers(tbb::task_arena& arena) : task_scheduler_observer(arena) { observe(true); }
  ~YieldingWorkers() override { observe(false); }

  void on_scheduler_entry(bool is_worker) override {
    static thread_local bool known = false;
    if (is_worker && !std::exchange(known, true)) begin_yielding_thread("graph");
  }
};

}  // namespace

struct Flow::Impl {
  // TBB takes the lowest of all limits in force, and its own default is the number of cores.
  explicit Impl(std::uint32_t threads)
      : limit(tbb::global_control::max_allowed_parallelism, threads), arena(static_cast<int>(threads), 1) {}

  void own() {
    arena.execute([this] {
      auto made = std::make_unique<tbb::flow::graph>();  // attaches to this arena
      made->reserve_wait();
      {
        const std::lock_guard lock(mutex);
        graph = std::move(made);
      }
      changed.notify_all();
      graph->wait_for_all();
    });
    const std::lock_guard lock(mutex);
    finished = true;
    changed.notify_all();
  }

  tbb::global_control limit;
  tbb::task_arena arena;
  YieldingWorkers observer{arena};
  std::mutex mutex;
  std::condition_variable changed;
  std::unique_ptr<tbb::flow::graph> graph;
  std::vector<std::unique_ptr<FunctionLane>> lanes;  // end before the graph, at rest
  bool finishing = false;
  bool finished = false;
  std::thread owner;
};

Flow::Flow(std::uint32_t threads) : impl_(std::make_unique<Impl>(threads)) {
  impl_->owner = std::thread([this] { impl_->own(); });
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->graph != nullptr; });
}

Flow::~Flow() {
  finish(std::chrono::steady_clock::time_point::max());
  impl_->owner.join();
}

Lane& Flow::add_lane(std::uint32_t concurrency, Body body) {
  impl_->lanes.push_back(std::make_unique<FunctionLane>(*impl_->graph, concurrency, std::move(body)));
  return *impl_->lanes.back();
}

void Flow::hold() noexcept {
  impl_->graph->reserve_wait();
}

void Flow::let_go() noexcept {
  impl_->graph->release_wait();
}

bool Flow::finish(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->finishing) {
    impl_->finishing = true;
    impl_->graph->release_wait();
  }
  const auto done = [this] { return impl_->finished; };
  if (deadline == std::chrono::steady_clock::time_point::max()) {
    impl_->changed.wait(lock, done);
    return true;
  }
  return impl_->changed.wait_until(lock, deadline, done);
}

}  // namespace mesher::graph
