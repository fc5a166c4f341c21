#pragma once

#include <condition_variable>
#include <mutex>

namespace mesher::nodes::alerts {

/// Lets any number of transactions through and can be shut for a moment: shut() returns when none is inside, and none
/// comes in before open(). Who shuts goes first. Any thread.
class CommitGate {
 public:
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !shut_; });
    ++inside_;
  }
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      --inside_;
    }
    changed_.notify_all();
  }
  void shut() {
    std::unique_lock lock(mutex_);
    shut_ = true;
    changed_.wait(lock, [this] { return inside_ == 0; });
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      shut_ = false;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool shut_ = false;
};

}  // namespace mesher::nodes::alerts
