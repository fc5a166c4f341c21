#include "io/cli/housekeeping.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "graph/base/log.hpp"

namespace mesher::cli {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

}  // namespace

Housekeeping::Housekeeping(postgres::ConnectOptions options, postgres::Partitions& partitions, const Clock& clock,
                           postgres::Health& health)
    : options_(std::move(options)), partitions_(partitions), clock_(clock), health_(health) {}

Status Housekeeping::start() {
  if (auto status = once(); !status) return status;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

Status Housekeeping::once() {
  auto connection = postgres::Connection::open(options_);
  if (!connection) return std::move(connection).error();
  return partitions_.make_ahead(*connection, clock_.now() / kMicrosPerDay);
}

void Housekeeping::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  auto pause = std::chrono::minutes(60);
  while (true) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, pause, [] { return false; });
    if (stop.stop_requested()) return;
    if (const auto status = once(); status) {
      health_.works("housekeeping");
      pause = std::chrono::minutes(60);
    } else {
      health_.fails("housekeeping", status.error());
      log::warn("housekeeping", "partitions can't be made ahead: {}", status.error().message);
      pause = std::chrono::minutes(1);
    }
  }
}

}  // namespace mesher::cli
