#include "graph/base/thread_times.hpp"

#include <pthread.h>

#include <algorithm>

namespace mesher {
namespace {

std::chrono::nanoseconds read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

ThreadTimes::Member::Member(ThreadTimes& group) : group_(group) {
  pthread_getcpuclockid(pthread_self(), &clock_);
  const std::lock_guard lock(group_.mutex_);
  group_.clocks_.push_back(clock_);
}

ThreadTimes::Member::~Member() {
  const std::lock_guard lock(group_.mutex_);
  std::erase(group_.clocks_, clock_);
  group_.ended_ += read(clock_);
}

std::chrono::nanoseconds ThreadTimes::total() const {
  const std::lock_guard lock(mutex_);
  auto sum = ended_;
  for (const auto clock : clocks_) sum += read(clock);
  return sum;
}

}  // namespace mesher
