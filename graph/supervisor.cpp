#include "graph/supervisor.hpp"

#include <algorithm>

namespace mesher::graph {

void Supervisor::failed(Time now, std::string reason) {
  const std::lock_guard lock(mutex_);
  ever_failed_ = true;
  last_failure_ = now;
  last_reason_ = std::move(reason);
}

Supervisor::Verdict Supervisor::single_failed(Time now) {
  if (streak_.fetch_add(1, std::memory_order_relaxed) + 1 < limits_.streak) return Verdict::quarantine;
  const std::lock_guard lock(mutex_);
  forget_old(now);
  if (restarts_.size() >= limits_.restarts) return Verdict::quarantine;
  restarts_.push_back(now);
  streak_.store(0, std::memory_order_relaxed);
  return Verdict::restart;
}

std::chrono::milliseconds Supervisor::back_off(Time now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto doublings = std::min<std::uint32_t>(attempts_++, 16);
  return std::min(limits_.longest_back_off, limits_.first_back_off * (1 << doublings));
}

bool Supervisor::failed_lately(Time now) const {
  const std::lock_guard lock(mutex_);
  return ever_failed_ && now - last_failure_ < limits_.remembered;
}

std::string Supervisor::last_reason() const {
  const std::lock_guard lock(mutex_);
  return last_reason_;
}

void Supervisor::forget_old(Time now) {
  while (!restarts_.empty() && now - restarts_.front() > limits_.window) restarts_.pop_front();
  if (restarts_.empty()) attempts_ = 0;
}

}  // namespace mesher::graph
