#include "graph/receipt.hpp"

namespace mesher::graph {

class Window::Slot {
 public:
  explicit Slot(std::shared_ptr<Window> window) : window_(std::move(window)) {}
  ~Slot() { window_->leave(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  std::shared_ptr<Window> window_;
};

bool Window::wait_for_room(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return changed_.wait(lock, stop, [this] { return inside_ < limit_ || closed_; }) && !closed_;
}

std::shared_ptr<const void> Window::enter() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return inside_ < limit_ || closed_; });
    if (closed_) return nullptr;
    ++inside_;
    gauge_.add(1);
  }
  return std::make_shared<Slot>(shared_from_this());
}

void Window::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::uint32_t Window::inside() const {
  const std::lock_guard lock(mutex_);
  return inside_;
}

void Window::leave() noexcept {
  const std::lock_guard lock(mutex_);
  --inside_;
  gauge_.add(-1);
  // All: who only looks for room (wait_for_room) must not swallow the wake-up of who takes it.
  changed_.notify_all();
}

Receipt::~Receipt() {
  if (main_ != nullptr || !epoch_->enter()) return;
  source_.settled(origin_, std::move(ledger_));
  epoch_->leave();
}

Ledger* Batch::ledger() const {
  return receipt_ == nullptr ? nullptr : receipt_->ledger();
}

void Batch::release_receipt() {
  receipt_.reset();
}

void Batch::return_to_keeper() noexcept {
  const auto keeper = std::move(keeper_);
  if (content_ != nullptr) keeper->given_up(std::move(*this));
}

}  // namespace mesher::graph
