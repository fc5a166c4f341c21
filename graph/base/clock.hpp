#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace mesher {

/// Microseconds since the Unix epoch, UTC. The one representation of absolute time inside Mesher.
using UnixMicros = std::int64_t;

/// The seam to time. All methods may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual UnixMicros now() const = 0;
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] UnixMicros now() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::now();
  }
};

/// Time that a test sets and advances by hand.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMicros start = 1'700'000'000'000'000) : now_(start), start_(start) {}
  [[nodiscard]] UnixMicros now() const override { return now_.load(); }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(now_.load() - start_));
  }
  void advance(std::chrono::microseconds by) { now_ += by.count(); }

 private:
  std::atomic<UnixMicros> now_;
  UnixMicros start_;
};

}  // namespace mesher
