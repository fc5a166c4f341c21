#pragma once

#include <chrono>
#include <ctime>
#include <mutex>
#include <vector>

namespace mesher {

/// Processor time that a group of threads has taken so far, those that have ended included. Any thread.
class ThreadTimes {
 public:
  /// The calling thread belongs to the group until this is gone; must go on the thread that made it.
  class Member {
   public:
    explicit Member(ThreadTimes& group);
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

   private:
    ThreadTimes& group_;
    clockid_t clock_{};
  };

  [[nodiscard]] std::chrono::nanoseconds total() const;

 private:
  mutable std::mutex mutex_;
  std::vector<clockid_t> clocks_;
  std::chrono::nanoseconds ended_{};
};

}  // namespace mesher
