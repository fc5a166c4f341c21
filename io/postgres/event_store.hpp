#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "io/postgres/alert_store.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "io/postgres/partitions.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::postgres {

/// Who decides which alerts a transaction fires, and who is told what became of it: called by the writer's thread after
/// the commit with what was to fire and which alerts were stored (fewer if some were open already); must not block.
struct AlertHooks {
  nodes::alerts::Engine* engine = nullptr;  ///< null: there are no alerts
  std::function<void(std::span<const nodes::alerts::Firing> firings, std::vector<StoredAlert> stored)> stored;
};

/// EventStore on PostgreSQL. Each partition of a journal has a writer with a connection of its own; what writers share
/// is small and locked. One transaction takes four round trips, however many events it stores:
///   begin, move the cursor · COPY of the rows · payload blocks, lock the issues in order, read users' sketches ·
///   counters, roll-ups, outcomes, quarantine, commit.
/// The last two hold the locks that writers contend for, so they come last.
///
/// Alerts that the events fire are stored by the same transaction, as its last statement.
///
/// An event of an issue that is resolved opens it again and marks it regressed. Text that PostgreSQL can't hold is
/// repaired (clean_text.hpp), so that `invalid` is not expected to happen.
///
/// When a connection is lost while it commits, the answer is `unavailable` although the transaction may be stored. The
/// same set again then answers as the first call would have: the cursor tells.
///
/// With a `lease` (node_registry.hpp) every transaction demands that the journal's cursor has this epoch; while the
/// lease is lost, or 0, commit() answers `unavailable`.
class EventStore final : public nodes::ports::EventStore {
 public:
  EventStore(ConnectOptions options, const Clock& clock, Metrics& metrics, Health& health, Partitions& partitions,
             AlertHooks alerts = {}, const std::atomic<std::int64_t>* lease = nullptr);
  ~EventStore() override;

  Result<nodes::ports::Committed> commit(const nodes::ports::WriteSet& set) override;
  Result<std::uint64_t> cursor(const std::string& journal_id, std::uint32_t partition) override;

 private:
  struct Shared;
  class Writer;
  Writer& writer(const std::string& journal_id, std::uint32_t partition);

  const ConnectOptions options_;
  std::unique_ptr<Shared> shared_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::uint32_t>, std::unique_ptr<Writer>> writers_;  // guarded by mutex_
};

}  // namespace mesher::postgres
