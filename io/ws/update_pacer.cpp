#include "io/ws/update_pacer.hpp"

#include <algorithm>

#include "graph/base/thread.hpp"

namespace mesher::ws {

UpdatePacer::UpdatePacer(std::chrono::milliseconds interval, Tell tell)
    : interval_(interval), tell_(std::move(tell)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

UpdatePacer::~UpdatePacer() {
  thread_.request_stop();
  thread_.join();
}

std::size_t UpdatePacer::known() const {
  const std::lock_guard lock(mutex_);
  return issues_.size();
}

void UpdatePacer::add(const nodes::IssueChange& change) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = issues_.try_emplace({change.project_id, change.issue_id});
  Issue& issue = at->second;
  const bool same_state = !fresh && issue.status == change.status && issue.substatus == change.substatus;
  if (fresh || !same_state || now >= issue.due) {
    if (fresh && issues_.size() == 1) wake_.notify_one();
    issue.due = now + interval_;
    issue.status = change.status;
    issue.substatus = change.substatus;
    issue.event_count = change.event_count;
    issue.waiting.reset();
    return tell_(change);
  }
  // Writers of different partitions may pass each other: the larger count is the later one.
  if (change.event_count >= issue.event_count) {
    issue.event_count = change.event_count;
    issue.waiting = change;
  } else if (!issue.waiting) {
    return;
  }
  issue.waiting->last_seen = std::max(issue.waiting->last_seen, change.last_seen);
}

void UpdatePacer::run(const std::stop_token& stop) {
  begin_yielding_thread("live");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (issues_.empty()) {
      wake_.wait(lock, stop, [&] { return !issues_.empty(); });
      continue;
    }
    const auto now = std::chrono::steady_clock::now();
    auto next = now + interval_;
    for (auto at = issues_.begin(); at != issues_.end();) {
      Issue& issue = at->second;
      if (issue.due > now) {
        next = std::min(next, issue.due);
      } else if (issue.waiting) {
        issue.due = now + interval_;
        tell_(*std::exchange(issue.waiting, std::nullopt));
      } else {
        at = issues_.erase(at);
        continue;
      }
      ++at;
    }
    // Together with those that are due soon after.
    next = std::max(next, now + interval_ / 10);
    wake_.wait_until(lock, stop, next, [] { return false; });
  }
}

}  // namespace mesher::ws
