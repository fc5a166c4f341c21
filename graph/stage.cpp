#include "graph/stage.hpp"

#include <exception>

#include "graph/async_call.hpp"
#include "graph/base/assert.hpp"
#include "graph/base/log.hpp"
#include "graph/options.hpp"

namespace mesher::graph {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// In the place of a node that is a source: its batches start at its outlet.
class Idle final : public Node {
 public:
  void process(Batch&) override {}
};

}  // namespace

Result<LiveNode> make_live_node(const NodeSpec& spec, const NodeConfig& config) {
  const auto failed = [&](std::string why) {
    return Error{ErrorCode::unavailable, "node `" + config.name + "` can't start: " + why, {}};
  };
  try {
    if (spec.make_source) return LiveNode{std::make_shared<Idle>(), nullptr, std::make_shared<Gate>()};
    const auto options = make_options(spec, config.name, config.options_json, config.options_given);
    auto made = spec.make(*options);
    if (!made) return Error{made.error().code, failed(made.error().message).message, made.error().hint};
    LiveNode live{std::move(made->node), std::move(made->async), std::make_shared<Gate>()};
    MESHER_ASSERT((live.node == nullptr) != (live.async == nullptr));
    const Status started = live.node ? live.node->start() : live.async->start();
    if (started) return live;
    if (live.async) live.async->stop();
    return Error{started.error().code, failed(started.error().message).message, started.error().hint};
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

void LiveNode::stop() const {
  if (async == nullptr || submitting->closed()) return;
  submitting->close();
  async->stop();
}

Stage::Stage(const NodeSpec& spec, NodeConfig config, LiveNode live, std::uint32_t window, std::shared_ptr<Gate> epoch,
             Timer& timer)
    : spec_(spec),
      config_(std::move(config)),
      buffer_(spec.ordered_sink ? window : config_.buffer),
      epoch_(std::move(epoch)),
      timer_(timer),
      credits_(std::make_shared<Credits>(spec.ordered_sink ? 0 : config_.buffer)),
      meter_(config_.name, config_.type),
      outlet_(&meter_),
      gate_(std::make_shared<Gate>()),
      live_(std::move(live)) {}

Stage::~Stage() {
  gate_->close();
}

LiveNode Stage::live() const {
  const std::lock_guard lock(mutex_);
  return held_ ? LiveNode{} : live_;
}

void Stage::start(Flow& flow, Metrics& metrics, const Stage* before) {
  meter_.bind(metrics, before == nullptr ? nullptr : &before->meter_, credits_, buffer_);
  flow_ = &flow;
  lane_ = &flow.add_lane(spec_.serial ? 1 : config_.concurrency, [this](Parcel parcel) { run(std::move(parcel)); });
  if (restarting()) timer_.after(std::chrono::milliseconds(0), [this] { remake(); });
}

std::optional<Permit> Stage::try_admit() {
  if (!credits_->try_acquire()) return std::nullopt;
  return adopt_credit();
}

bool Stage::admit_or_wait(std::unique_ptr<Credits::Waiter>& waiter) {
  if (credits_->acquire_or_wait(waiter)) return true;
  meter_.waited();
  return false;
}

Permit Stage::adopt_credit() {
  flow_->hold();
  return Permit(*this);
}

Permit Stage::admit_over_bound() {
  credits_->acquire_over_bound();
  return adopt_credit();
}

void Stage::give_back() noexcept {
  credits_->release();
  flow_->let_go();  // last: after this the graph may be at rest, and gone
}

void Stage::put(Batch batch, Permit permit) {
  auto parcel = std::make_shared<Parcel>();
  parcel->batch = std::move(batch);
  parcel->permit = std::move(permit);
  lane_->put(std::move(parcel));
}

void Stage::run(Parcel parcel) noexcept {
  if (epoch_->closed()) return;
  LiveNode live;
  std::uint64_t made = 0;
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
    if (held_) {
      parked_.push_back(std::make_shared<Parcel>(std::move(parcel)));
      return;
    }
    live = live_;
    made = made_;
  }
  if (!parcel.counted) meter_.in(parcel.batch);
  parcel.counted = true;
  if (live.node) return process(*live.node, made, std::move(parcel));
  if (!gate_->enter()) return;
  if (live.submitting->enter()) {
    submit(*live.async, made, std::move(parcel));
    live.submitting->leave();
  } else {
    // The node was replaced a moment ago.
    lane_->put(std::make_shared<Parcel>(std::move(parcel)));
  }
  gate_->leave();
}

void Stage::process(Node& node, std::uint64_t made, Parcel parcel) {
  Turn turn(std::move(parcel.permit));
  std::vector<Batch> again = process_batch(node, std::move(parcel.batch), parcel.retried, turn);
  for (auto& batch : parcel.more) {
    if (again.empty()) {
      again = process_batch(node, std::move(batch), parcel.retried, turn);
    } else {
      again.push_back(std::move(batch));
    }
  }
  if (again.empty()) return;
  Parcel rest;
  rest.batch = std::move(again.front());
  rest.more.assign(std::make_move_iterator(again.begin() + 1), std::make_move_iterator(again.end()));
  rest.permit = turn.shared() ? admit_over_bound() : turn.take();
  rest.counted = rest.retried = true;
  restart(std::move(rest), made);
}

std::vector<Batch> Stage::process_batch(Node& node, Batch batch, bool retried, Turn& turn) {
  const auto begun = SteadyClock::now();
  const std::size_t items = batch.content().size();
  std::string reason;
  if (process_once(node, batch, reason)) {
    supervisor_.succeeded();
    meter_.worked(SteadyClock::now() - begun);
    outlet_.hand_on(std::move(batch), turn);
    return {};
  }
  note_failure(reason, 0);
  if (const std::size_t left = batch.has_content() ? batch.content().size() : 0; left < items) {
    log::error("graph", "node {} threw after it had taken {} items away", config_.name, items - left);
    meter_.dropped("lost", items - left);
    if (left == 0) return {};
  }
  Guarded result = process_apart(node, std::move(batch), std::move(reason), supervisor_, retried);
  meter_.worked(SteadyClock::now() - begun);
  for (std::size_t i = 0; i < result.errors; ++i) meter_.error();
  for (auto& piece : result.done) outlet_.hand_on(std::move(piece), turn);
  for (auto& [item, why] : result.poison) quarantine(std::move(item), why);
  return std::move(result.again);
}

void Stage::submit(AsyncNode& node, std::uint64_t made, Parcel parcel) {
  MESHER_ASSERT(parcel.more.empty());
  const auto call = std::make_shared<AsyncCall>(*this, gate_, made, parcel.retried);
  // The call counts for the batch from here on; see reclaim() and abandon().
  outstanding_.fetch_add(1);
  parcel.permit.disown();
  parcel.batch.set_keeper(call);
  std::string reason = "the node gave the batch up";
  bool threw = true;
  try {
    node.submit(std::move(parcel.batch), [call](Batch batch) { call->done(std::move(batch)); });
    threw = false;
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "something that is no std::exception was thrown";
  }
  if (auto returned = call->end_of_submit()) {
    fail(std::move(*returned), reclaim(), made, parcel.retried, std::move(reason));
  } else if (threw) {
    note_failure(reason, 1);
  }
}

Permit Stage::reclaim() {
  outstanding_.fetch_sub(1);
  return Permit(*this);
}

void Stage::finished(Batch batch, SteadyClock::time_point begun) {
  Turn turn(reclaim());
  meter_.worked(SteadyClock::now() - begun);
  supervisor_.succeeded();
  outlet_.hand_on(std::move(batch), turn);
}

void Stage::given_up(Batch batch, std::uint64_t made, bool retried, std::string reason) {
  Permit permit = reclaim();
  bool replaced = false;
  {
    const std::lock_guard lock(mutex_);
    replaced = made != made_;
  }
  if (!replaced) return fail(std::move(batch), std::move(permit), made, retried, std::move(reason));
  // The node was stopped because it is being replaced: not the batch's fault.
  auto parcel = std::make_shared<Parcel>();
  parcel->batch = std::move(batch);
  parcel->permit = std::move(permit);
  parcel->counted = true;
  lane_->put(std::move(parcel));
}

void Stage::lost() {
  const Permit permit = reclaim();
  note_failure("the node kept a batch and forgot its Done", 1);
}

void Stage::note_failure(const std::string& reason, std::size_t times) {
  const auto now = SteadyClock::now();
  // One line per spell of failures: the figures tell how many.
  if (!supervisor_.failed_lately(now)) log::warn("graph", "node {} failed: {}", config_.name, reason);
  supervisor_.failed(now, reason);
  for (std::size_t i = 0; i < times; ++i) meter_.error();
}

void Stage::fail(Batch batch, Permit permit, std::uint64_t made, bool retried, std::string reason) {
  note_failure(reason, 1);
  const auto again = [&](Batch piece, Permit own, bool second_chance) {
    auto parcel = std::make_shared<Parcel>();
    parcel->batch = std::move(piece);
    parcel->permit = std::move(own);
    parcel->counted = true;
    parcel->retried = second_chance;
    return parcel;
  };
  if (batch.content().size() > 1) {
    Batch second = split_half(batch);
    lane_->put(again(std::move(batch), std::move(permit), retried));
    lane_->put(again(std::move(second), admit_over_bound(), retried));
  } else if (batch.content().size() == 1) {
    const auto verdict = supervisor_.single_failed(SteadyClock::now());
    if (verdict == Supervisor::Verdict::quarantine || retried) {
      quarantine(std::move(batch), reason);
    } else {
      restart(std::move(*again(std::move(batch), std::move(permit), true)), made);
    }
  }
}

void Stage::quarantine(Batch item, const std::string& reason) {
  if (Ledger* ledger = item.ledger(); ledger != nullptr) {
    ledger->quarantined(item.content(), 0, config_.name, reason);
    meter_.quarantined(1);
  } else {
    meter_.dropped("quarantined", 1);
  }
}

void Stage::adopt(LiveNode live) {
  const std::lock_guard lock(mutex_);
  live_ = std::move(live);
  held_ = live_.node == nullptr && live_.async == nullptr;
}

void Stage::restart(Parcel parcel, std::uint64_t made) {
  auto held = std::make_shared<Parcel>(std::move(parcel));
  {
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
    if (made == made_ || held_) {
      parked_.push_back(std::move(held));
      if (!held_) {
        held_ = true;
        const auto delay = supervisor_.back_off(SteadyClock::now());
        log::warn("graph", "node {} is made anew in {} ms: {}", config_.name, delay.count(), supervisor_.last_reason());
        timer_.after(delay, [this] { remake(); });
      }
      return;
    }
  }
  lane_->put(std::move(held));
}

void Stage::remake() {
  auto made = make_live_node(spec_, config_);
  if (!made) {
    note_failure(made.error().message, 1);
    timer_.after(supervisor_.back_off(SteadyClock::now()), [this] { remake(); });
    return;
  }
  std::vector<std::shared_ptr<Parcel>> parked;
  LiveNode old;
  {
    const std::lock_guard lock(mutex_);
    old = std::exchange(live_, std::move(*made));
    ++made_;
    held_ = false;
    parked.swap(parked_);
  }
  meter_.restart();
  for (auto& parcel : parked) lane_->put(std::move(parcel));
  old.stop();  // what it had comes back through given_up()
}

void Stage::abandon() {
  credits_->abandon();
  std::vector<std::shared_ptr<Parcel>> parked;
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    parked.swap(parked_);
  }
  parked.clear();
  stop_node();
  for (std::uint32_t left = outstanding_.exchange(0); left > 0; --left) give_back();
}

void Stage::stop_node() {
  gate_->close();
  live().stop();
}

bool Stage::restarting() const {
  const std::lock_guard lock(mutex_);
  return held_;
}

NodeFigures Stage::figures() const {
  NodeFigures out;
  out.name = config_.name;
  out.type = config_.type;
  out.health = restarting() ? "restarting" : supervisor_.failed_lately(SteadyClock::now()) ? "failing" : "ok";
  out.buffer = buffer_;
  out.inside = credits_->inside();
  meter_.read(out);
  return out;
}

}  // namespace mesher::graph
