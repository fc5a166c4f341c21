#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::postgres {

/// The daily partitions of events and event_blocks: "events_20261121". Days are UTC, counted from 1970-01-01.
/// Any thread; calls block.
class Partitions {
 public:
  static constexpr std::int64_t kAhead = 7;     ///< days made in advance
  static constexpr std::int64_t kOldest = 400;  ///< events of earlier days go into the oldest day that is taken

  /// Makes yesterday's to kAhead days from `today`, as far as they are missing. At start and every hour.
  Status make_ahead(Connection& connection, std::int64_t today);

  /// Makes sure that the partitions of `day` are there. Outside of a transaction.
  Status ensure(Connection& connection, std::int64_t day);

  /// Forgets what is known to be there (somebody dropped a partition).
  void forget();

  /// `day`, or the nearest that is taken: from kOldest days before `today` to kAhead days after.
  [[nodiscard]] static std::int64_t clamp(std::int64_t day, std::int64_t today);

 private:
  Status make(Connection& connection, std::int64_t day);

  std::mutex mutex_;
  std::set<std::int64_t> known_;  // guarded by mutex_
};

}  // namespace mesher::postgres
