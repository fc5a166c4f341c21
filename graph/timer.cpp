#include "graph/timer.hpp"

namespace mesher::graph {

void Timer::after(std::chrono::milliseconds delay, std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  actions_.emplace(std::chrono::steady_clock::now() + delay, std::move(action));
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void Timer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  actions_.clear();
}

void Timer::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (actions_.empty()) {
      changed_.wait(lock);
    } else if (const auto due = actions_.begin()->first; due > std::chrono::steady_clock::now()) {
      changed_.wait_until(lock, due);
    } else {
      const auto action = std::move(actions_.begin()->second);
      actions_.erase(actions_.begin());
      lock.unlock();
      action();
      lock.lock();
    }
  }
}

}  // namespace mesher::graph
