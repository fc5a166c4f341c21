#include "io/postgres/housekeeping.hpp"

#include <chrono>
#include <utility>

#include "graph/base/log.hpp"
#include "io/postgres/event_rows.hpp"

namespace mesher::postgres {

Housekeeping::Housekeeping(ConnectOptions options, Partitions& partitions, const Clock& clock, Health& health)
    : options_(std::move(options)),
      partitions_(partitions),
      clock_(clock),
      health_(health),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Status Housekeeping::round() {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  return partitions_.make_ahead(*connection, clock_.now() / kDay);
}

void Housekeeping::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::chrono::seconds pause = std::chrono::hours(1);
    if (const auto status = round(); status) {
      health_.works("housekeeping");
    } else {
      health_.fails("housekeeping", status.error());
      log::warn("database", "housekeeping: {}", status.error().message);
      pause = std::chrono::seconds(10);
    }
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, pause, [] { return false; });
  }
}

}  // namespace mesher::postgres
