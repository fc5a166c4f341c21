#include "graph/runner.hpp"

#include <atomic>
#include <mutex>

#include "graph/assembly.hpp"
#include "graph/base/log.hpp"

namespace mesher::graph {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

}  // namespace

struct Runner::Impl {
  Impl(const Registry& registry, Source& source, Metrics& metrics, RunnerOptions options)
      : registry(registry),
        source(source),
        metrics(metrics),
        options(options),
        generation_gauge(
            metrics.gauge("mesher_graph_generation", "topologies that have been in force since the start")),
        reloads_done(metrics.counter("mesher_graph_reloads_total", "changes of the topology", {{"result", "applied"}})),
        reloads_failed(
            metrics.counter("mesher_graph_reloads_total", "changes of the topology", {{"result", "failed"}})),
        abandoned(metrics.counter("mesher_graph_abandoned_total",
                                  "times a graph was let go with batches in flight, which the source reads again")),
        pause_seconds(metrics.histogram("mesher_graph_pause_seconds", "time that the source was paused for a change")) {
  }

  /// Brings the graph in force to rest. Batches that do not come through in time are let go.
  void bring_to_rest(Assembly& assembly, std::chrono::milliseconds deadline) {
    if (assembly.drain(SteadyClock::now() + deadline)) return;
    log::warn("graph", "batches in flight did not finish within {} ms: they are let go and read again",
              deadline.count());
    abandoned.add();
    assembly.abandon();
    assembly.drain(SteadyClock::time_point::max());
    source.rewind();
  }

  /// Removes the series of nodes that `next` has not, or has as another type.
  void remove_metrics(const Assembly& old, const Assembly* next) {
    for (const auto& stage : old.stages()) {
      const Stage* other = next == nullptr ? nullptr : next->find(stage->config().name);
      if (other != nullptr && other->config().type == stage->config().type) continue;
      metrics.remove_with_label("node", stage->config().name);
    }
  }

  const Registry& registry;
  Source& source;
  Metrics& metrics;
  const RunnerOptions options;
  Gauge& generation_gauge;
  Counter& reloads_done;
  Counter& reloads_failed;
  Counter& abandoned;
  Histogram& pause_seconds;

  std::mutex changing;       // one change at a time; before `mutex`
  mutable std::mutex mutex;  // what follows; held shortly
  std::unique_ptr<Assembly> current;
  Topology topology;
  std::uint64_t generation = 0;
};

Runner::Runner(const Registry& registry, Source& source, Metrics& metrics, RunnerOptions options)
    : impl_(std::make_unique<Impl>(registry, source, metrics, options)) {}

Runner::~Runner() {
  stop(impl_->options.drain_deadline);
}

Status Runner::apply(const Topology& topology) {
  Impl& impl = *impl_;
  const std::lock_guard changing(impl.changing);
  // Only changing threads replace `current`, so it may be read here without `mutex`.
  Assembly* before = impl.current.get();
  if (before != nullptr && diff(impl.topology, topology).empty()) {
    const std::lock_guard lock(impl.mutex);
    impl.topology = topology;
    impl.generation_gauge.set(static_cast<std::int64_t>(++impl.generation));
    return {};
  }
  auto built = Assembly::build(impl.registry, impl.source, impl.metrics, impl.options, topology, before);
  if (!built) {
    impl.reloads_failed.add();
    return std::move(built).error();
  }
  std::unique_ptr<Assembly> next = std::move(*built);
  const auto paused = SteadyClock::now();
  if (before != nullptr) impl.bring_to_rest(*before, impl.options.drain_deadline);
  std::unique_ptr<Assembly> old;
  {
    const std::lock_guard lock(impl.mutex);
    if (before != nullptr) impl.remove_metrics(*before, next.get());
    next->start(before);
    old = std::exchange(impl.current, std::move(next));
    impl.topology = topology;
    impl.generation_gauge.set(static_cast<std::int64_t>(++impl.generation));
  }
  impl.reloads_done.add();
  if (old == nullptr) return {};
  const double pause = seconds_since(paused);
  impl.pause_seconds.observe(pause);
  log::info("graph", "generation {} with {} nodes took over after a pause of {:.1f} ms", generation(),
            topology.nodes.size(), pause * 1e3);
  old->retire(impl.current.get());
  return {};
}

void Runner::stop(std::chrono::milliseconds deadline) {
  Impl& impl = *impl_;
  const std::lock_guard changing(impl.changing);
  if (impl.current == nullptr) return;
  impl.bring_to_rest(*impl.current, deadline);
  impl.current->retire(nullptr);
  std::unique_ptr<Assembly> old;
  const std::lock_guard lock(impl.mutex);
  impl.remove_metrics(*impl.current, nullptr);
  old = std::move(impl.current);
}

std::vector<NodeFigures> Runner::figures() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->current == nullptr ? std::vector<NodeFigures>{} : impl_->current->figures();
}

Topology Runner::topology() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->topology;
}

std::uint64_t Runner::generation() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->generation;
}

bool Runner::healthy(std::string* reason) const {
  const std::lock_guard lock(impl_->mutex);
  const auto say = [&](std::string why) {
    if (reason != nullptr) *reason = std::move(why);
    return false;
  };
  if (impl_->current == nullptr) return say("no topology is running");
  for (const auto& stage : impl_->current->stages()) {
    if (stage->restarting()) return say("node " + stage->config().name + " is restarting: " + stage->last_failure());
  }
  return true;
}

}  // namespace mesher::graph
