#include "graph/tap.hpp"

#include <algorithm>
#include <utility>

namespace mesher::graph {
namespace {

class TappedNode final : public Node {
 public:
  TappedNode(std::unique_ptr<Node> node, std::shared_ptr<TapPoint> point)
      : node_(std::move(node)), point_(std::move(point)) {}

  Status start() override { return node_->start(); }
  void process(Batch& batch) override {
    node_->process(batch);
    if (point_->tapped()) point_->pass(batch);
  }
  std::shared_ptr<void> save_state() override { return node_->save_state(); }
  void load_state(std::shared_ptr<void> state) override { node_->load_state(std::move(state)); }

 private:
  const std::unique_ptr<Node> node_;
  const std::shared_ptr<TapPoint> point_;
};

class TappedAsyncNode final : public AsyncNode {
 public:
  TappedAsyncNode(std::unique_ptr<AsyncNode> node, std::shared_ptr<TapPoint> point)
      : node_(std::move(node)), point_(std::move(point)) {}

  Status start() override { return node_->start(); }
  void submit(Batch batch, Done done) override {
    node_->submit(std::move(batch), [point = point_, done = std::move(done)](Batch ready) {
      if (point->tapped()) point->pass(ready);
      done(std::move(ready));
    });
  }
  void stop() override { node_->stop(); }

 private:
  const std::unique_ptr<AsyncNode> node_;
  const std::shared_ptr<TapPoint> point_;
};

}  // namespace

void TapPoint::pass(Batch& batch) {
  std::vector<std::shared_ptr<TapListener>> listeners;
  {
    const std::lock_guard lock(mutex_);
    listeners = listeners_;
  }
  for (const auto& listener : listeners) listener->passed(batch);
}

void TapPoint::add(std::shared_ptr<TapListener> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
  listening_.store(static_cast<std::uint32_t>(listeners_.size()), std::memory_order_relaxed);
}

void TapPoint::remove(const TapListener& listener) {
  std::shared_ptr<TapListener> last;  // to be destroyed without the lock
  const std::lock_guard lock(mutex_);
  const auto at =
      std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& l) { return l.get() == &listener; });
  if (at == listeners_.end()) return;
  last = std::move(*at);
  listeners_.erase(at);
  listening_.store(static_cast<std::uint32_t>(listeners_.size()), std::memory_order_relaxed);
}

std::shared_ptr<TapPoint> Taps::at(std::string_view node) {
  const std::lock_guard lock(mutex_);
  const auto found = points_.find(node);
  if (found != points_.end()) return found->second;
  return points_.emplace(std::string(node), std::make_shared<TapPoint>()).first->second;
}

void register_tapped(Registry& registry, const Registry& types, Taps& taps) {
  for (auto spec : types.all()) {
    if (spec.make) {
      spec.make = [make = std::move(spec.make), &taps](const Options& options) -> Result<MadeNode> {
        auto made = make(options);
        if (!made) return made;
        auto point = taps.at(options.node());
        if (made->node) made->node = std::make_unique<TappedNode>(std::move(made->node), point);
        if (made->async) made->async = std::make_unique<TappedAsyncNode>(std::move(made->async), point);
        return made;
      };
    }
    registry.add(std::move(spec));
  }
}

}  // namespace mesher::graph
