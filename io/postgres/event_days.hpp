#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// The daily partitions of events and event_blocks as they are in the database, and their end. partitions.hpp makes
/// them.
namespace mesher::postgres {

enum class PartitionState {
  absent,
  attached,
  leaving,   ///< detaching was interrupted: has to be finalised
  detached,  ///< no part of its table any more: has to be dropped
};

/// One UTC day, counted from 1970-01-01.
struct EventDay {
  std::int64_t day = 0;
  PartitionState events = PartitionState::absent, blocks = PartitionState::absent;

  [[nodiscard]] std::string events_table() const;  ///< "events_20261121"
  [[nodiscard]] std::string blocks_table() const;
  [[nodiscard]] bool whole() const { return events == PartitionState::attached && blocks == PartitionState::attached; }
};

/// All days, oldest first.
[[nodiscard]] Result<std::vector<EventDay>> event_days(Connection& connection);

/// Detaches and drops both partitions of a day. Nobody waits for it: what it has to wait for, it waits for itself, up
/// to lock_timeout. False: somebody was in the way; the day is taken up again where it was left. Outside of a
/// transaction.
[[nodiscard]] Result<bool> drop_day(Connection& connection, const EventDay& day);

/// Held while a partition is made or dropped.
inline constexpr std::string_view kPartitionLock = "select pg_advisory_xact_lock(7308332186)";

}  // namespace mesher::postgres
