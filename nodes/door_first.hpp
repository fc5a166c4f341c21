#pragma once

#include <chrono>
#include <functional>
#include <mutex>

namespace mesher::nodes {

/// Lets those who wait for an acknowledgement go first when the processors are too few for them and for storing: a
/// burst is acknowledged at the door's full speed, the journal holds it, and it is stored when the burst is over.
///
/// The more of the machine the door's threads take, the longer the pause between two full batches of a partition; the
/// fuller the journal, the shorter, down to none at its quota: what never ends is no burst.
///
/// Priorities of threads alone do not do it: whatever runs in the pauses of a thread that wakes every 100 µs costs it a
/// switch each time. 32 connections in a closed loop on two cores: 18,000 to 25,000 POSTs/s with storing at nice 10,
/// 34,000 to 41,000 with a batch every 200 ms.
class DoorFirst {
 public:
  /// `door_time`: processor time that the door has taken so far; any thread. `processors`: of this machine.
  DoorFirst(std::function<std::chrono::nanoseconds()> door_time, unsigned processors);

  /// How long to wait behind a full batch that was read at `now`. `fill`: of the journal, from 0 to 1; asked for only
  /// when the door is busy. Any thread.
  [[nodiscard]] std::chrono::milliseconds pause(std::chrono::steady_clock::time_point now,
                                                const std::function<double()>& fill);

  /// `share`: of all processors, that the door takes.
  [[nodiscard]] static std::chrono::milliseconds pause_for(double share, double fill);

 private:
  [[nodiscard]] double share(std::chrono::steady_clock::time_point now);

  const std::function<std::chrono::nanoseconds()> door_time_;
  const double processors_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point measured_at_{};
  std::chrono::nanoseconds time_{};  ///< of the door, at measured_at_
  double share_ = 0;
};

}  // namespace mesher::nodes
