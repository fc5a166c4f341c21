#include "nodes/door_first.hpp"

#include <algorithm>
#include <utility>

namespace mesher::nodes {
namespace {

using namespace std::chrono_literals;

/// A door that takes less is one whose events can be stored as they come: 15,000 single POSTs/s take a fifth of two
/// cores, and no more than that is stored there.
constexpr double kQuietShare = 0.2, kBusyShare = 0.3;
constexpr auto kLongestPause = 200ms;
constexpr auto kMeasureEvery = 100ms;

}  // namespace

DoorFirst::DoorFirst(std::function<std::chrono::nanoseconds()> door_time, unsigned processors)
    : door_time_(std::move(door_time)), processors_(std::max(processors, 1U)) {}

std::chrono::milliseconds DoorFirst::pause(std::chrono::steady_clock::time_point now,
                                           const std::function<double()>& fill) {
  const double share = this->share(now);
  return share <= kQuietShare ? 0ms : pause_for(share, fill());
}

std::chrono::milliseconds DoorFirst::pause_for(double share, double fill) {
  const double busy = std::clamp((share - kQuietShare) / (kBusyShare - kQuietShare), 0.0, 1.0);
  const double empty = 1 - std::clamp(fill, 0.0, 1.0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(busy * empty * kLongestPause.count()));
}

double DoorFirst::share(std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto elapsed = now - measured_at_;
  if (elapsed < kMeasureEvery) return share_;
  const auto time = door_time_();
  const auto taken = std::chrono::duration<double>(time - time_).count();
  share_ = taken / (std::chrono::duration<double>(elapsed).count() * processors_);
  measured_at_ = now;
  time_ = time;
  return share_;
}

}  // namespace mesher::nodes
