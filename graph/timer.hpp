#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace mesher::graph {

/// Runs actions later, one at a time, on a thread of its own that exists only once there is something to run. Any
/// thread.
class Timer {
 public:
  Timer() = default;
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Nothing happens after stop().
  void after(std::chrono::milliseconds delay, std::function<void()> action);

  /// Waits for the action that runs, forgets the others. Not from an action.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> actions_;
  std::thread thread_;
  bool stopped_ = false;
};

}  // namespace mesher::graph
