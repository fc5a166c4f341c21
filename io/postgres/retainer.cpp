#include "io/postgres/retainer.hpp"

#include <utility>

#include "graph/base/log.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;

// After the start others have more urgent things to do. Between batches the disk is left to them.
constexpr std::chrono::milliseconds kAfterStart = 10min, kEvery = 1h, kAfterTrouble = 1min, kBetweenBatches = 5ms;

}  // namespace

Retainer::Retainer(ConnectOptions options, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      days_(metrics.counter("mesher_retention_days_dropped_total", "Days of events that were dropped whole")),
      events_(metrics.counter("mesher_retention_events_deleted_total",
                              "Events of shorter retentions deleted from days that others keep")),
      thinned_(metrics.counter("mesher_retention_events_thinned_total", "Events deleted to keep to event budgets")),
      failures_(metrics.counter("mesher_retention_failures_total", "Runs of retention that failed")),
      last_run_(metrics.gauge("mesher_retention_last_run_seconds", "When retention last ran, seconds since 1970")) {
  options_.statement_timeout = 10min;
}

void Retainer::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

bool Retainer::pause(const std::stop_token& stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

void Retainer::count(const RetentionReport& report) {
  days_.add(report.days_dropped);
  events_.add(report.events_deleted);
  thinned_.add(report.events_thinned);
  if (report.busy) return;
  last_run_.set(clock_.now() / 1'000'000);
  if (report.events_deleted + report.events_thinned > 0) {
    log::info("retention", "deleted {} events of shorter retentions and {} over their budget", report.events_deleted,
              report.events_thinned);
  }
  if (report.days_postponed > 0) log::warn("retention", "{} days are being read: later", report.days_postponed);
}

bool Retainer::once(const std::stop_token& stop) {
  auto connection = Connection::open(options_);
  if (!connection) return false;
  connection->set_timeout(options_.statement_timeout + 5s);
  const auto report = retain(*connection, {clock_.now(), false, [&] { return pause(stop, kBetweenBatches); }});
  if (report) {
    count(*report);
    return true;
  }
  failures_.add();
  log::warn("retention", "{}", report.error().message);
  return false;
}

void Retainer::run(const std::stop_token& stop) {
  auto wait = kAfterStart;
  while (pause(stop, wait)) wait = once(stop) ? kEvery : kAfterTrouble;
}

}  // namespace mesher::postgres
