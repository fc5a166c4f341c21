#pragma once

#include <atomic>
#include <cstdint>

namespace mesher::graph {

/// A door that is closed once: who is inside finishes, nobody enters afterwards. Any thread. Late callbacks go through
/// one before they touch what may be gone; hold it by shared_ptr.
class Gate {
 public:
  /// False: closed, stay outside. After true, leave() exactly once.
  [[nodiscard]] bool enter() noexcept {
    if ((state_.fetch_add(1, std::memory_order_acquire) & kClosed) == 0) return true;
    leave();
    return false;
  }

  void leave() noexcept {
    // Release pairs with close(): what was done inside is seen by who closed.
    if (state_.fetch_sub(1, std::memory_order_release) == kClosed + 1) state_.notify_all();
  }

  /// Returns when nobody is inside any more. Not from inside.
  void close() noexcept {
    state_.fetch_or(kClosed, std::memory_order_acq_rel);
    for (auto now = state_.load(std::memory_order_acquire); now != kClosed;
         now = state_.load(std::memory_order_acquire)) {
      state_.wait(now, std::memory_order_acquire);
    }
  }

  [[nodiscard]] bool closed() const noexcept { return (state_.load(std::memory_order_acquire) & kClosed) != 0; }

 private:
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63;
  std::atomic<std::uint64_t> state_{0};  // top bit: closed; the rest: how many are inside
};

}  // namespace mesher::graph
