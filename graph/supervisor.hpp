#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

namespace mesher::graph {

/// Decides whether an item or the node is to blame. An item that fails alone while others pass is poison and goes to
/// quarantine. When `streak` single items fail in a row, with no success in between, the node itself is suspect and is
/// made anew. Restarts are rationed, so that a flood of poison can't keep a node busy with restarting: when the ration
/// is spent, items go to quarantine without one. Any thread; takes the time from its caller.
class Supervisor {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    std::uint32_t streak = 3;
    std::uint32_t restarts = 5;  ///< within `window`
    std::chrono::milliseconds window{60'000};
    std::chrono::milliseconds first_back_off{50};  ///< doubles with each restart within `window`
    std::chrono::milliseconds longest_back_off{5'000};
    std::chrono::milliseconds remembered{30'000};  ///< how long a failure shows in the health
  };
  enum class Verdict : std::uint8_t { quarantine, restart };

  Supervisor() = default;
  explicit Supervisor(Limits limits) : limits_(limits) {}

  /// A call went well. Costs one relaxed load when nothing failed before.
  void succeeded() noexcept {
    if (streak_.load(std::memory_order_relaxed) != 0) streak_.store(0, std::memory_order_relaxed);
  }

  /// A call failed, on however many items.
  void failed(Time now, std::string reason);

  /// A single item failed. On `restart` the caller makes the node anew after back_off().
  [[nodiscard]] Verdict single_failed(Time now);

  /// How long to wait before the next attempt to make the node.
  [[nodiscard]] std::chrono::milliseconds back_off(Time now);

  [[nodiscard]] bool failed_lately(Time now) const;
  [[nodiscard]] std::string last_reason() const;

 private:
  void forget_old(Time now);

  const Limits limits_{};
  std::atomic<std::uint32_t> streak_{0};  // orders nothing: an approximate count of failures in a row
  mutable std::mutex mutex_;
  std::deque<Time> restarts_;
  std::uint32_t attempts_ = 0;  // of making the node, since the last time that restarts_ was empty
  bool ever_failed_ = false;
  Time last_failure_{};
  std::string last_reason_;
};

}  // namespace mesher::graph
