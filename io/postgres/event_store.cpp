#include "io/postgres/event_store.hpp"

#include <fmt/format.h>

#include "io/postgres/event_writer.hpp"

namespace mesher::postgres {

EventStore::Shared::Shared(const Clock& its_clock, Health& its_health, Partitions& its_partitions, Metrics& metrics,
                           AlertHooks its_alerts, const std::atomic<std::int64_t>* its_lease)
    : clock(its_clock),
      health(its_health),
      partitions(its_partitions),
      alerts(std::move(its_alerts)),
      lease(its_lease),
      duplicates(metrics.counter("mesher_store_duplicate_events_total", "Events left out because their id was stored")),
      slow_paths(metrics.counter("mesher_store_slow_commits_total",
                                 "Transactions begun anew because the database had an event id already")) {}

EventStore::EventStore(ConnectOptions options, const Clock& clock, Metrics& metrics, Health& health,
                       Partitions& partitions, AlertHooks alerts, const std::atomic<std::int64_t>* lease)
    : options_(std::move(options)),
      shared_(std::make_unique<Shared>(clock, health, partitions, metrics, std::move(alerts), lease)) {}

EventStore::~EventStore() = default;

EventStore::Writer& EventStore::writer(const std::string& journal_id, std::uint32_t partition) {
  const std::lock_guard lock(mutex_);
  auto& writer = writers_[{journal_id, partition}];
  if (!writer) writer = std::make_unique<Writer>(options_, *shared_, fmt::format("writer {}", partition));
  return *writer;
}

Result<nodes::ports::Committed> EventStore::commit(const nodes::ports::WriteSet& set) {
  return writer(set.journal_id, set.partition).commit(set);
}

Result<std::uint64_t> EventStore::cursor(const std::string& journal_id, std::uint32_t partition) {
  return writer(journal_id, partition).cursor(journal_id, partition);
}

}  // namespace mesher::postgres
