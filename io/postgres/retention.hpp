#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// What is older than its project wants to keep goes; issues and roll-ups stay.
///
/// An event is kept until the UTC day of its reception is more than `retention_days` days ago. A day that no project
/// keeps any more is dropped whole: its partitions are detached concurrently, which waits for those who are in the
/// table but makes nobody wait, and dropped when nobody sees them any more. Of days that others still keep, a project's
/// rows are deleted in small batches. Then projects with an event budget are thinned (event_budget.hpp), payload blocks
/// that have no events any more are deleted, and what each project keeps is measured (storage_figures.hpp).
namespace mesher::postgres {

struct Retention {
  UnixMicros now = 0;
  bool dry_run = false;  ///< only count what would go, and measure nothing
  /// Called between batches; may wait; false: end early.
  std::function<bool()> go_on = [] { return true; };
};

struct RetentionReport {
  bool busy = false;                 ///< another node, or a command, is at it: nothing was done
  std::uint64_t days_dropped = 0;    ///< days whose partitions were dropped whole
  std::uint64_t events_deleted = 0;  ///< stragglers of shorter retentions
  std::uint64_t events_dropped = 0;  ///< events of the dropped days, as PostgreSQL estimates them
  std::uint64_t events_thinned = 0;  ///< by event budgets
  std::uint64_t blocks_deleted = 0;  ///< payload blocks, without those of dropped days
  std::uint64_t others_deleted = 0;  ///< quarantined events and feedback that are as old
  std::uint64_t days_postponed = 0;  ///< days that somebody was reading for too long; the next run goes on there
};

/// One run. For a connection of its own, whose statement_timeout is minutes; leaves lock_timeout set on it. Only one of
/// an installation does it at a time. Errors: unavailable, internal; the next run goes on where this one has ended.
[[nodiscard]] Result<RetentionReport> retain(Connection& connection, const Retention& retention);

}  // namespace mesher::postgres
