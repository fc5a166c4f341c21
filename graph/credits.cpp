#include "graph/credits.hpp"

namespace mesher::graph {

bool Credits::try_acquire() noexcept {
  const std::lock_guard lock(mutex_);
  if (!has_room()) return false;
  ++inside_;
  return true;
}

bool Credits::acquire_or_wait(std::unique_ptr<Waiter>& waiter) {
  std::unique_lock lock(mutex_);
  if (abandoned_) {
    lock.unlock();
    waiter.reset();
    return false;
  }
  if (has_room()) {
    ++inside_;
    return true;
  }
  waiters_.push_back(std::move(waiter));
  return false;
}

void Credits::acquire_over_bound() noexcept {
  const std::lock_guard lock(mutex_);
  ++inside_;
}

void Credits::release() noexcept {
  std::unique_ptr<Waiter> next;
  {
    const std::lock_guard lock(mutex_);
    --inside_;
    if (waiters_.empty() || !has_room()) return;
    ++inside_;
    next = std::move(waiters_.front());
    waiters_.pop_front();
  }
  next->granted();
}

void Credits::abandon() noexcept {
  std::deque<std::unique_ptr<Waiter>> gone;
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  gone.swap(waiters_);
}

std::uint32_t Credits::inside() const noexcept {
  const std::lock_guard lock(mutex_);
  return inside_;
}

}  // namespace mesher::graph
