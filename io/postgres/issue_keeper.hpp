#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "nodes/event.hpp"

namespace mesher::postgres {

/// What happens to issues although no event comes, on a thread with a connection of its own: archived ones whose time
/// is over come back, escalating ones that are quiet are archived again if that was asked for, new ones grow old, and
/// the rows of events follow merges, splits and deletions. Any number of nodes may do it at once.
class IssueKeeper {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{1000};
  /// Called by the thread for each issue whose state has changed.
  using Tell = std::function<void(const nodes::IssueChange& change)>;

  IssueKeeper(ConnectOptions options, const Clock& clock, Health& health, Tell tell);
  ~IssueKeeper();  ///< stops the thread
  IssueKeeper(const IssueKeeper&) = delete;
  IssueKeeper& operator=(const IssueKeeper&) = delete;

  void start();

 private:
  void run(const std::stop_token& stop);
  Status keep(const std::stop_token& stop);
  Result<bool> look_after(Connection& connection);

  const ConnectOptions options_;
  const Clock& clock_;
  Health& health_;
  const Tell tell_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread thread_;
};

/// Decides about issues whose time has come, at most a few hundred; answers how many there were. `tell`: after the
/// commit.
[[nodiscard]] Result<std::size_t> wake_issues(Connection& connection, UnixMicros now, const IssueKeeper::Tell& tell);

}  // namespace mesher::postgres
