#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace mesher::ws {

class LiveClient;

/// Wakes clients that have been sent something a moment ago and have got more since: what came in the pause goes out
/// together, so that a thousand watchers of a busy project do not cost a thousand system calls an event. Any thread.
class LiveFlusher {
 public:
  explicit LiveFlusher(std::chrono::milliseconds pause);
  ~LiveFlusher();
  LiveFlusher(const LiveFlusher&) = delete;
  LiveFlusher& operator=(const LiveFlusher&) = delete;

  /// LiveClient::flush() is called within the pause, once.
  void later(std::shared_ptr<LiveClient> client);
  [[nodiscard]] std::chrono::milliseconds pause() const { return pause_; }

 private:
  void run(const std::stop_token& stop);

  const std::chrono::milliseconds pause_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::shared_ptr<LiveClient>> waiting_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace mesher::ws
