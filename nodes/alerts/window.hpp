#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "graph/base/clock.hpp"

/// Sliding windows in bounded space, in kWindowSteps steps: what is older than the window is never counted, and of the
/// window at most its oldest step is missing. Times may come in any order; what comes too late for the window is left
/// out. Not thread-safe.
namespace mesher::nodes::alerts {

constexpr std::int64_t kWindowSteps = 60;

[[nodiscard]] constexpr UnixMicros step_of(std::int64_t window_seconds) {
  return window_seconds * 1'000'000 / kWindowSteps;
}

/// How many events.
class CountWindow {
 public:
  /// Answers the count afterwards, as of the latest time seen.
  std::int64_t add(UnixMicros at, UnixMicros step, std::uint32_t count = 1);
  /// Takes back what add() with the same time did.
  void undo(UnixMicros at, UnixMicros step, std::uint32_t count = 1);
  /// The count as of `now`, or of the latest time seen if that is later.
  [[nodiscard]] std::int64_t total(UnixMicros now, UnixMicros step) const;
  [[nodiscard]] std::int64_t latest_step() const { return latest_; }

 private:
  void advance(std::int64_t to);

  std::int64_t latest_ = 0;  // in steps since 1970
  std::int64_t total_ = 0;
  std::array<std::uint32_t, kWindowSteps> counts_{};
};

/// How many different users, exactly, up to a number beyond which it does not matter: only that many of the users seen
/// last are kept.
class UserWindow {
 public:
  /// `most`: keeps at least the `most` users seen last.
  std::int64_t add(std::uint64_t user, UnixMicros at, UnixMicros step, std::size_t most);
  [[nodiscard]] std::int64_t total(UnixMicros now, UnixMicros step) const;
  [[nodiscard]] std::size_t size() const { return last_seen_.size(); }
  [[nodiscard]] std::int64_t latest_step() const { return latest_; }
  /// The user's time before add(), or 0: for taking it back.
  [[nodiscard]] UnixMicros last_seen(std::uint64_t user) const;
  void restore(std::uint64_t user, UnixMicros last_seen);

 private:
  void drop_old(UnixMicros step);
  void keep_latest(std::size_t most);

  std::int64_t latest_ = 0;   // step
  std::int64_t cleaned_ = 0;  // step as of which old ones were dropped
  std::unordered_map<std::uint64_t, UnixMicros> last_seen_;
};

}  // namespace mesher::nodes::alerts
