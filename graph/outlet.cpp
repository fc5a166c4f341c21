#include "graph/outlet.hpp"

#include <algorithm>

#include "graph/base/assert.hpp"
#include "graph/node_meter.hpp"
#include "graph/receipt.hpp"
#include "graph/stage.hpp"

namespace mesher::graph {
namespace {

/// A piece that waits for room in its consumer.
class Delivery final : public Credits::Waiter {
 public:
  Delivery(Stage& to, Batch batch, std::shared_ptr<Permit> from)
      : to_(to), batch_(std::move(batch)), from_(std::move(from)) {}

  void granted() noexcept override {
    // The consumer's permit exists before the sender's ends: the graph never looks idle in between.
    to_.put(std::move(batch_), to_.adopt_credit());
    from_.reset();
  }

 private:
  Stage& to_;
  Batch batch_;
  std::shared_ptr<Permit> from_;
};

/// The same batch for a consumer that keeps no books.
Batch without_books(Batch batch) {
  if (batch.ledger() == nullptr) return batch;
  auto side = std::make_shared<Receipt>(batch.receipt());
  auto slot = batch.slot();
  return Batch(batch.release_content(), std::move(side), std::move(slot));
}

void give(Stage& to, Batch batch, Turn& turn) {
  if (to.is_side()) batch = without_books(std::move(batch));
  if (auto permit = to.try_admit()) {
    to.put(std::move(batch), std::move(*permit));
    return;
  }
  auto delivery = std::make_unique<Delivery>(to, std::move(batch), turn.share());
  Delivery& waiting = *delivery;
  std::unique_ptr<Credits::Waiter> waiter = std::move(delivery);
  if (to.admit_or_wait(waiter)) waiting.granted();
}

/// Copies that go to consumers which may drop them: not made if there is no room.
void offer(Stage& to, const Batch& batch) {
  if (auto permit = to.try_admit()) {
    to.put(Batch(batch.content().copy()), std::move(*permit));
  } else {
    to.count_full(batch.content().size());
  }
}

void offer_last(Stage& to, Batch batch) {
  // Whether there is room is settled, and counted, before the batch is: who waits for that finds true figures.
  if (auto permit = to.try_admit()) {
    batch.detach();
    to.put(std::move(batch), std::move(*permit));
  } else {
    to.count_full(batch.content().size());
  }
}

constexpr std::uint32_t kDropped = ~std::uint32_t{0};

}  // namespace

void Outlet::connect(std::uint32_t port, Stage& to) {
  if (ports_.size() <= port) ports_.resize(port + 1);
  (to.drops_when_full() ? ports_[port].dropping : ports_[port].waiting).push_back(&to);
}

void Outlet::hand_on(Batch batch, Turn& turn) {
  if (!batch.has_content()) return;
  const bool marked = !batch.drops().empty() || !batch.routes().empty();
  if (marked) {
    book_drops(batch);
    hand_on_routed(std::move(batch), turn);
  } else {
    deliver(0, std::move(batch), turn);
  }
}

void Outlet::book_drops(Batch& batch) const {
  Ledger* ledger = batch.ledger();
  const auto& drops = batch.drops();
  for (std::size_t i = 0; i < drops.size();) {
    // Neighbours mostly share their outcome: one look-up of the counter for all of them.
    std::size_t end = i;
    while (end < drops.size() && drops[end].reason.outcome == drops[i].reason.outcome) {
      if (ledger != nullptr) ledger->dropped(batch.content(), drops[end].item, drops[end].reason);
      ++end;
    }
    if (meter_ != nullptr) meter_->dropped(drops[i].reason.outcome, end - i);
    i = end;
  }
}

void Outlet::hand_on_routed(Batch batch, Turn& turn) {
  // For each item left in the batch: its port.
  std::vector<std::uint32_t> ports(batch.content().size(), 0);
  for (const auto& route : batch.routes()) {
    MESHER_ASSERT(route.item < ports.size());
    ports[route.item] = route.port;
  }
  for (const auto& drop : batch.drops()) {
    MESHER_ASSERT(drop.item < ports.size());
    ports[drop.item] = kDropped;
  }
  batch.drops().clear();
  batch.routes().clear();
  std::vector<std::uint32_t> used = ports;
  std::sort(used.begin(), used.end(), std::greater<>());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  for (const std::uint32_t port : used) {
    if (port == 0) continue;
    std::vector<std::uint32_t> items;
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (ports[i] == port) items.push_back(static_cast<std::uint32_t>(i));
    }
    std::erase(ports, port);
    Batch piece(batch.content().take(items), batch.receipt(), batch.slot());
    if (port != kDropped) deliver(port, std::move(piece), turn);
  }
  deliver(0, std::move(batch), turn);
}

void Outlet::deliver(std::uint32_t port, Batch batch, Turn& turn) {
  if (batch.content().size() == 0) return;
  if (meter_ != nullptr) meter_->out(batch.content());
  const bool connected = port < ports_.size() && !(ports_[port].waiting.empty() && ports_[port].dropping.empty());
  if (!connected) {
    // The default output of a last node ends here as it should; a named one that nobody takes is worth a figure.
    if (port != 0 && meter_ != nullptr) meter_->dropped("unconsumed", batch.content().size());
    return;
  }
  const auto& [dropping, waiting] = ports_[port];
  const std::size_t offered = waiting.empty() ? dropping.size() - 1 : dropping.size();
  for (std::size_t i = 0; i < offered; ++i) offer(*dropping[i], batch);
  if (waiting.empty()) {
    offer_last(*dropping.back(), std::move(batch));
    return;
  }
  for (std::size_t i = 0; i + 1 < waiting.size(); ++i) {
    give(*waiting[i], Batch(batch.content().copy(), batch.receipt(), batch.slot()), turn);
  }
  give(*waiting.back(), std::move(batch), turn);
}

}  // namespace mesher::graph
