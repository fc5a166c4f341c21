#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/event_days.hpp"

/// How much space the events of each project take. What a project shares with others, a day's table and its indexes, is
/// shared out by numbers of events; payload blocks are a project's own.
namespace mesher::postgres {

class Pool;

/// Bytes on disk.
struct StoredBytes {
  std::int64_t rows = 0, payloads = 0, indexes = 0;
  [[nodiscard]] std::int64_t total() const { return rows + payloads + indexes; }
  StoredBytes& operator+=(const StoredBytes& other);
};

struct StoredDay {
  std::int64_t day = 0;  ///< UTC, since 1970-01-01
  std::int64_t events = 0, blocks = 0;
  StoredBytes bytes;
};

/// Measures a day whose partitions have changed since the last time, and deletes its payload blocks that have no events
/// any more; `blocks_deleted` is how many. Outside of a transaction.
[[nodiscard]] Status measure_day(Connection& connection, const EventDay& day, std::uint64_t& blocks_deleted);
/// Forgets days that are not there any more.
[[nodiscard]] Status forget_days(Connection& connection, const std::vector<EventDay>& there);

struct ProjectStorage {
  std::int64_t issues = 0;
  std::vector<StoredDay> days;  ///< oldest first; today and yesterday as they are now, others as measured
  std::optional<UnixMicros> measured_at;
};
/// Of one project. Costs the same however many events there are before yesterday.
[[nodiscard]] Result<ProjectStorage> storage_of(Pool& pool, std::uint32_t project_id, std::int64_t today);

struct StoredTable {
  std::string name;       ///< without the day: all partitions of events are "events"
  std::int64_t rows = 0;  ///< PostgreSQL's estimate
  std::int64_t bytes = 0, index_bytes = 0;
};
struct StoredProject {
  std::uint32_t project_id = 0;
  std::int64_t events = 0;
  StoredBytes bytes;
};
struct InstanceStorage {
  std::int64_t database_bytes = 0;
  std::vector<StoredTable> tables;      ///< largest first
  std::vector<StoredProject> projects;  ///< that use most, first, as measured; at most 100
  std::vector<StoredDay> days;          ///< of all projects, as measured
  std::optional<UnixMicros> measured_at;
};
[[nodiscard]] Result<InstanceStorage> storage_of_instance(Pool& pool);

}  // namespace mesher::postgres
