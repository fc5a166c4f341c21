#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "nodes/event.hpp"

namespace mesher::ws {

/// Tells changes of issues at most once per issue and interval: the first at once, what follows at the end of the
/// interval, as one. A change of state (resolved, reopened) is told at once. Any thread; `tell` is called on the
/// caller's or on a thread of its own, in order per issue.
class UpdatePacer {
 public:
  using Tell = std::function<void(const nodes::IssueChange&)>;
  UpdatePacer(std::chrono::milliseconds interval, Tell tell);
  ~UpdatePacer();
  UpdatePacer(const UpdatePacer&) = delete;
  UpdatePacer& operator=(const UpdatePacer&) = delete;

  void add(const nodes::IssueChange& change);
  [[nodiscard]] std::size_t known() const;  ///< issues told within the last interval

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Issue {
    Time due;  ///< the next may be told
    std::string status, substatus;
    std::optional<nodes::IssueChange> waiting;
    std::uint64_t event_count = 0;
  };
  void run(const std::stop_token& stop);

  const std::chrono::milliseconds interval_;
  const Tell tell_;
  mutable std::mutex mutex_;  // also held while telling: keeps the order
  std::condition_variable_any wake_;
  std::map<std::pair<std::uint32_t, std::int64_t>, Issue> issues_;
  std::jthread thread_;
};

}  // namespace mesher::ws
