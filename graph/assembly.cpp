#include "graph/assembly.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "graph/base/assert.hpp"
#include "graph/options.hpp"

namespace mesher::graph {
namespace {

bool same_object(const NodeConfig& a, const NodeConfig& b) {
  return a.type == b.type && a.options_json == b.options_json && a.concurrency == b.concurrency;
}

std::uint32_t port_of(const NodeSpec& spec, const NodeConfig& config, const std::string& output) {
  if (output.empty()) return 0;
  const auto options = make_options(spec, config.name, config.options_json, config.options_given);
  const auto names = spec.outputs ? spec.outputs(*options) : std::vector<std::string>{};
  const auto at = std::find(names.begin(), names.end(), output);
  MESHER_ASSERT(at != names.end());
  return static_cast<std::uint32_t>(at - names.begin()) + 1;
}

std::shared_ptr<Window> make_window(Metrics& metrics, const RunnerOptions& options) {
  return std::make_shared<Window>(
      std::max(1U, options.in_flight),
      metrics.gauge("mesher_graph_in_flight", "source batches that are anywhere in the graph"));
}

std::uint32_t threads_of(const RunnerOptions& options) {
  return options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Assembly::Assembly(Source& source, Metrics& metrics, const RunnerOptions& options)
    : source_(source),
      metrics_(metrics),
      options_(options),
      epoch_(std::make_shared<Gate>()),
      window_(make_window(metrics, options)),
      inlet_(nullptr) {}

Result<std::unique_ptr<Assembly>> Assembly::build(const Registry& registry, Source& source, Metrics& metrics,
                                                  const RunnerOptions& options, const Topology& topology,
                                                  const Assembly* before) {
  std::unique_ptr<Assembly> out(new Assembly(source, metrics, options));
  for (const auto& config : topology.nodes) {
    const NodeSpec* spec = registry.find(config.type);
    MESHER_ASSERT(spec != nullptr);
    if (Status added = out->add_stage(*spec, config, before); !added) {
      out->retire(before);
      return std::move(added).error();
    }
  }
  out->wire(topology, registry);
  return out;
}

Status Assembly::add_stage(const NodeSpec& spec, const NodeConfig& config, const Assembly* before) {
  const Stage* was = before == nullptr ? nullptr : before->find(config.name);
  LiveNode live;
  if (was != nullptr && same_object(was->config(), config)) live = was->live();
  const bool shared = live.node != nullptr || live.async != nullptr;
  if (!shared) {
    auto made = make_live_node(spec, config);
    if (!made) return std::move(made).error();
    live = std::move(*made);
  }
  stages_.push_back(std::make_unique<Stage>(spec, config, std::move(live), options_.in_flight, epoch_, timer_));
  shared_.push_back(shared);
  return spec.make_source ? add_inflow(spec, config, shared ? before : nullptr) : Status{};
}

Status Assembly::add_inflow(const NodeSpec& spec, const NodeConfig& config, const Assembly* before) {
  Inflow inflow{stages_.back().get(), nullptr, make_window(metrics_, options_)};
  if (before != nullptr) {
    for (const auto& was : before->inflows_) {
      if (was.stage->config().name == config.name) inflow.source = was.source;
    }
  }
  if (inflow.source == nullptr) {
    auto made = spec.make_source(*make_options(spec, config.name, config.options_json, config.options_given));
    if (!made) return Error{made.error().code, "node `" + config.name + "` can't start: " + made.error().message, {}};
    inflow.source = std::move(*made);
  }
  inflows_.push_back(std::move(inflow));
  return {};
}

void Assembly::wire(const Topology& topology, const Registry& registry) {
  for (const auto& config : topology.nodes) {
    Stage* to = find(config.name);
    for (const auto& input : config.inputs) {
      if (Stage* from = find(input.node); from != nullptr) {
        from->outlet().connect(port_of(*registry.find(from->config().type), from->config(), input.output), *to);
      } else {
        inlet_.connect(0, *to);
        source_is_used_ = true;
      }
    }
  }
  find_side_branches();
}

void Assembly::find_side_branches() {
  std::set<std::string_view> main;
  for (auto stage = stages_.rbegin(); stage != stages_.rend(); ++stage) {
    if ((*stage)->spec().ordered_sink) main.insert((*stage)->config().name);
    if (!main.contains((*stage)->config().name)) continue;
    for (const auto& input : (*stage)->config().inputs) main.insert(input.node);
  }
  if (main.empty()) return;
  for (const auto& stage : stages_) stage->set_side(!main.contains(stage->config().name));
}

Assembly::~Assembly() {
  // Destroyed without having come to rest: nobody was there to drain it.
  if (flow_ != nullptr && !drain(std::chrono::steady_clock::now())) {
    abandon();
    drain(std::chrono::steady_clock::time_point::max());
  }
  pumps_.clear();
  timer_.stop();
  flow_.reset();
}

void Assembly::start(const Assembly* before) {
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    Stage& stage = *stages_[i];
    const Stage* was = before == nullptr ? nullptr : before->find(stage.config().name);
    if (was == nullptr) continue;
    if (shared_[i]) {
      stage.adopt(before->abandoned_ ? LiveNode{} : was->live());
    } else if (!before->abandoned_ && was->config().type == stage.config().type &&
               was->config().options_json == stage.config().options_json) {
      const LiveNode from = was->live();
      const LiveNode to = stage.live();
      if (!from.node || !to.node) continue;
      if (auto state = from.node->save_state()) to.node->load_state(std::move(state));
    }
  }
  flow_ = std::make_unique<Flow>(threads_of(options_));
  for (const auto& stage : stages_) {
    const Stage* was = before == nullptr ? nullptr : before->find(stage->config().name);
    const bool goes_on = was != nullptr && same_object(was->config(), stage->config());
    stage->start(*flow_, metrics_, goes_on ? was : nullptr);
  }
  start_pumps();
}

void Assembly::start_pumps() {
  // A source that nothing takes from keeps what it has: handing it out would count as finished.
  const std::uint32_t partitions = source_is_used_ ? source_.partitions() : 0;
  pumps_left_ = partitions;
  for (const auto& inflow : inflows_) pumps_left_ += inflow.source->partitions();
  const auto ended = [this] {
    const std::lock_guard lock(mutex_);
    --pumps_left_;
    changed_.notify_all();
  };
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    pumps_.push_back(std::make_unique<Pump>(source_, partition, inlet_, window_, epoch_, ended));
  }
  for (const auto& inflow : inflows_) {
    for (std::uint32_t partition = 0; partition < inflow.source->partitions(); ++partition) {
      pumps_.push_back(
          std::make_unique<Pump>(*inflow.source, partition, inflow.stage->outlet(), inflow.window, epoch_, ended));
    }
  }
}

void Assembly::pause() {
  for (const auto& pump : pumps_) pump->request_stop();
}

bool Assembly::drain(std::chrono::steady_clock::time_point deadline) {
  pause();
  {
    std::unique_lock lock(mutex_);
    const auto done = [this] { return pumps_left_ == 0; };
    if (deadline == std::chrono::steady_clock::time_point::max()) {
      changed_.wait(lock, done);
    } else if (!changed_.wait_until(lock, deadline, done)) {
      return false;
    }
  }
  if (!flow_->finish(deadline)) return false;
  timer_.stop();
  return true;
}

void Assembly::abandon() {
  abandoned_ = true;
  epoch_->close();
  window_->close();
  for (const auto& inflow : inflows_) inflow.window->close();
  timer_.stop();
  for (const auto& stage : stages_) stage->abandon();
}

void Assembly::retire(const Assembly* next) {
  for (const auto& stage : stages_) {
    const Stage* other = next == nullptr ? nullptr : next->find(stage->config().name);
    const LiveNode mine = stage->live();
    const bool taken_over = other != nullptr && mine.async != nullptr && other->live().async == mine.async;
    if (!taken_over) stage->stop_node();
  }
}

std::vector<NodeFigures> Assembly::figures() const {
  std::vector<NodeFigures> out;
  for (const auto& stage : stages_) out.push_back(stage->figures());
  return out;
}

const Stage* Assembly::find(std::string_view node) const {
  for (const auto& stage : stages_) {
    if (stage->config().name == node) return stage.get();
  }
  return nullptr;
}

Stage* Assembly::find(std::string_view node) {
  return const_cast<Stage*>(static_cast<const Assembly*>(this)->find(node));
}

}  // namespace mesher::graph
