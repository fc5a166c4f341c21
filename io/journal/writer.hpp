#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/journal/figures.hpp"
#include "io/journal/segment_files.hpp"
#include "io/journal/tail.hpp"

namespace mesher::io::journal {

/// Takes blocks from any thread and commits them in groups on a thread of its own: all that came while the last group
/// was synced make the next one. No timers, no polling.
///
/// While nothing can be written, blocks are refused at once; another try is made by the first block, or by the first
/// question for the state, after bytes were freed or a second has passed.
class Writer {
 public:
  /// `max_queued_bytes`: over it blocks are refused (one block is always taken).
  Writer(Tail tail, SegmentFiles& files, Figures& figures, const Clock& clock, std::uint64_t max_queued_bytes);
  /// Commits what is queued, then stops.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// The block has at least one record and is not too large.
  void append(nodes::ports::AppendBlock block, nodes::ports::Journal::Appended done);
  void advance_to(std::uint64_t sequence);
  /// Bytes of the blocks that wait to be durable. Any thread, no lock.
  [[nodiscard]] std::uint64_t unsettled_bytes() const { return unsettled_bytes_.load(std::memory_order_relaxed); }
  /// Why appends are refused now, if they are.
  std::optional<Refusal> trouble();

 private:
  void run();
  void commit_all(std::vector<PendingBlock>& blocks);
  void settle(std::span<PendingBlock> group, const std::optional<Refusal>& refusal);
  void set_refusal(std::optional<Refusal> refusal);
  [[nodiscard]] bool try_is_due() const;

  SegmentFiles& files_;
  Figures& figures_;
  const Clock& clock_;
  const std::uint64_t max_queued_bytes_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<PendingBlock> queue_;
  std::uint64_t queued_bytes_ = 0;
  std::atomic<std::uint64_t> unsettled_bytes_ = 0;
  std::uint64_t at_least_ = 0;  ///< of advance_to
  bool waiting_ = false;        ///< the thread waits for wake_
  bool probe_wanted_ = false;
  bool stopping_ = false;
  std::optional<Refusal> refusal_;
  std::chrono::steady_clock::time_point refused_at_;
  std::uint64_t freed_at_refusal_ = 0;
  std::optional<std::chrono::steady_clock::time_point> logged_at_;  ///< when a refusal was last logged
  bool logged_ = false;                                             ///< the present one was

  Tail tail_;  ///< only the thread touches it
  std::thread thread_;
};

}  // namespace mesher::io::journal
