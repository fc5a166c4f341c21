#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mesher::api {

/// A few threads with a bounded queue, where requests that wait for the database run. Public methods: any thread,
/// except stop(), which must not be called from a task.
class WorkerPool {
 public:
  using Task = std::function<void()>;

  /// `queue_bound`: tasks that may wait beside those that run.
  WorkerPool(std::size_t threads, std::size_t queue_bound);
  ~WorkerPool();  ///< as stop()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False if the queue is full or the pool has stopped: the task was not taken and will not run. A task must not
  /// throw.
  [[nodiscard]] bool submit(Task task);

  /// Takes no more tasks, runs those that wait, and ends the threads.
  void stop();

  [[nodiscard]] std::size_t waiting() const;

 private:
  void run();

  const std::size_t queue_bound_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;  // guarded by mutex_
  bool stopping_ = false;   // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace mesher::api
