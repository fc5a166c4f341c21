#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::postgres {

/// IssueStore on PostgreSQL, with a few connections of its own (as many as calls run at once).
///
/// Which issue a hash belongs to is decided by the primary key of issue_hashes alone, so any number of nodes may ask at
/// once. What is new is inserted under the lock of its project's row, which also gives out short ids: projects are
/// locked in ascending order, so that askers wait for each other but never in a circle. Who moves hashes between issues
/// takes the same lock first. A new issue is assigned by its project's ownership rules.
class IssueStore final : public nodes::ports::IssueStore {
 public:
  IssueStore(ConnectOptions options, Health& health);

  /// Of an entry's hashes the first that is known decides; the others are attached to its issue, unless it is
  /// discarded. Errors: unavailable; invalid if an entry has no hash. A project that is gone gets its issues like any
  /// other: they are removed with what else it left (sweep.hpp).
  Result<std::vector<Found>> find_or_create(std::span<const Wanted> wanted) override;

 private:
  std::optional<Connection> idle_connection();
  Result<std::vector<Found>> finish(Connection connection, Result<std::vector<Found>> answer);
  Result<std::vector<Found>> ask(Connection& connection, std::span<const Wanted> wanted);

  const ConnectOptions options_;
  Health& health_;
  std::mutex mutex_;
  std::vector<Connection> idle_;  // guarded by mutex_
};

}  // namespace mesher::postgres
