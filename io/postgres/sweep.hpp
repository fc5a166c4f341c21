#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// Removes what is of no use any more, in the background: the rows of deleted projects, sessions that have ended, old
/// answers to Idempotency-Keys. In batches small enough that nobody waits for their locks.
namespace mesher::postgres {

constexpr std::uint32_t kSweepBatch = 2000;

/// How long events of a deleted project may still arrive from a journal; its rows are looked for until then.
constexpr std::chrono::hours kStragglers{26};

/// Tables, partitions among them, that have a column project_id, as SQL writes them. Not those of projects themselves,
/// nor the audit log, which tells of what is gone.
[[nodiscard]] Result<std::vector<std::string>> tables_of_projects(Connection& connection);

/// Removes every row of a project in `tables`. Calls `go_on` between batches and ends early when it answers false.
/// Answers the number of rows.
[[nodiscard]] Result<std::uint64_t> remove_rows(Connection& connection, const std::vector<std::string>& tables,
                                                std::uint32_t project_id, const std::function<bool()>& go_on);

/// One look at the deleted projects that are due. Only one node of an installation does it at a time.
[[nodiscard]] Status sweep_projects(Connection& connection, UnixMicros now, const std::function<bool()>& go_on);

/// Sessions that have ended, invitations that expired long ago, old Idempotency-Keys.
[[nodiscard]] Status sweep_leftovers(Connection& connection, UnixMicros now);

/// A thread that does both, now and then.
class Sweeper {
 public:
  Sweeper(ConnectOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
  void start();

 private:
  void run(const std::stop_token& stop);
  [[nodiscard]] Status once(Connection& connection, const std::stop_token& stop);
  bool pause(const std::stop_token& stop, std::chrono::milliseconds time);

  const ConnectOptions options_;
  const Clock& clock_;
  UnixMicros leftovers_at_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace mesher::postgres
