#include "graph/node_meter.hpp"

namespace mesher::graph {

NodeMeter::Tally NodeMeter::tally(Metrics& metrics, std::string_view name, std::string_view help,
                                  const Tally* before) const {
  Counter& counter = metrics.counter(name, help, labels());
  return {&counter, before == nullptr ? counter.value() : before->base};
}

void NodeMeter::bind(Metrics& metrics, const NodeMeter* before, std::shared_ptr<const Credits> credits,
                     std::uint32_t buffer) {
  metrics_ = &metrics;
  const NodeMeter* b = before;
  const auto make = [&](std::string_view name, std::string_view help, const Tally* base) {
    return tally(metrics, name, help, base);
  };
  in_ = {make("mesher_node_batches_in_total", "batches that a node took", b ? &b->in_.batches : nullptr),
         make("mesher_node_items_in_total", "items that a node took", b ? &b->in_.items : nullptr),
         make("mesher_node_bytes_in_total", "bytes that a node took", b ? &b->in_.bytes : nullptr)};
  out_ = {make("mesher_node_batches_out_total", "batches that left a node", b ? &b->out_.batches : nullptr),
          make("mesher_node_items_out_total", "items that left a node", b ? &b->out_.items : nullptr),
          make("mesher_node_bytes_out_total", "bytes that left a node", b ? &b->out_.bytes : nullptr)};
  errors_ =
      make("mesher_node_errors_total", "batches or pieces of one that a node failed on", b ? &b->errors_ : nullptr);
  restarts_ =
      make("mesher_node_restarts_total", "times a node was made anew because it failed", b ? &b->restarts_ : nullptr);
  quarantined_ =
      make("mesher_node_quarantined_total", "items that a node could not digest", b ? &b->quarantined_ : nullptr);
  waits_ = make("mesher_node_waits_total", "times a sender had to wait for room in a node", b ? &b->waits_ : nullptr);
  busy_ = &metrics.histogram("mesher_node_batch_seconds", "time that a node had a batch in work", labels());
  busy_base_ = b == nullptr ? busy_->sum() : b->busy_base_;
  metrics.gauge_callback("mesher_node_inside", "batches inside a node, waiting or in work", labels(),
                         [credits = std::move(credits)] { return static_cast<double>(credits->inside()); });
  metrics.gauge("mesher_node_buffer", "batches that may be inside a node", labels()).set(buffer);
  if (before == nullptr) return;
  const std::scoped_lock lock(mutex_, before->mutex_);
  drops_ = before->drops_;
}

void NodeMeter::dropped(std::string_view outcome, std::size_t items) {
  if (items == 0) return;
  const std::lock_guard lock(mutex_);
  auto at = drops_.find(outcome);
  if (at == drops_.end()) {
    Labels with_outcome = labels();
    with_outcome.emplace_back("outcome", outcome);
    Counter& counter =
        metrics_->counter("mesher_node_drops_total", "items dropped in a node, by outcome", with_outcome);
    at = drops_.emplace(std::string(outcome), Tally{&counter, counter.value()}).first;
  }
  at->second.counter->add(items);
}

void NodeMeter::read(NodeFigures& out) const {
  out.batches_in = in_.batches.value();
  out.items_in = in_.items.value();
  out.bytes_in = in_.bytes.value();
  out.batches_out = out_.batches.value();
  out.items_out = out_.items.value();
  out.bytes_out = out_.bytes.value();
  out.errors = errors_.value();
  out.restarts = restarts_.value();
  out.quarantined = quarantined_.value();
  out.waits = waits_.value();
  out.busy_seconds = busy_->sum() - busy_base_;
  const std::lock_guard lock(mutex_);
  for (const auto& [outcome, tally] : drops_) out.drops[outcome] = tally.value();
}

}  // namespace mesher::graph
