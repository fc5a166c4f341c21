#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>

namespace mesher::nodes {

/// Pauses between retries: doubling from 50 ms to 5 s, each shortened by a random share of up to half, so that several
/// waiters do not return at once. One user, one thread.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds first = std::chrono::milliseconds(50),
                   std::chrono::milliseconds most = std::chrono::milliseconds(5000))
      : next_(first), most_(most) {}

  /// True until the first wait(): for logging once per outage.
  [[nodiscard]] bool first() const { return waits_ == 0; }

  /// Sleeps for the next pause; false if `stop` was requested meanwhile.
  bool wait(const std::stop_token& stop) {
    ++waits_;
    std::uniform_real_distribution<double> share(0.5, 1.0);
    const auto pause = std::chrono::duration_cast<std::chrono::microseconds>(next_ * share(random_));
    next_ = std::min(next_ * 2, most_);
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, pause, [] { return false; });
    return !stop.stop_requested();
  }

 private:
  std::chrono::milliseconds next_, most_;
  std::size_t waits_ = 0;
  std::minstd_rand random_{std::random_device{}()};
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

}  // namespace mesher::nodes
