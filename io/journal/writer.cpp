#include "io/journal/writer.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"

namespace mesher::io::journal {
namespace {

constexpr auto kRetryPause = std::chrono::seconds(1);
/// Near its limits a journal refuses and accepts by turns: that is one line, not thousands.
constexpr auto kLogPause = std::chrono::seconds(10);
/// A group ends here, so that the first in it does not wait for the disk to take much more.
constexpr std::uint64_t kMaxGroupBytes = 8 << 20;

}  // namespace

Writer::Writer(Tail tail, SegmentFiles& files, Figures& figures, const Clock& clock, std::uint64_t max_queued_bytes)
    : files_(files),
      figures_(figures),
      clock_(clock),
      max_queued_bytes_(max_queued_bytes),
      tail_(std::move(tail)),
      thread_([this] {
        name_thread("journal");
        run();
      }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Writer::append(nodes::ports::AppendBlock block, nodes::ports::Journal::Appended done) {
  PendingBlock pending{std::move(block), std::move(done), 0, 0, {}};
  const auto& ends = pending.block.ends;
  pending.checksum = body_checksum(ends, pending.block.bytes);
  pending.frame_bytes =
      align_frame(kFrameHeaderBytes + ends.size() * sizeof(std::uint32_t) + pending.block.bytes.size());
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    if (refusal_ && !try_is_due()) {
      error = refusal_->error;
    } else if (queued_bytes_ > 0 && queued_bytes_ + pending.frame_bytes > max_queued_bytes_) {
      error = Error{ErrorCode::exhausted, "journal is busy: too many bytes wait to be written", {}};
    } else {
      queued_bytes_ += pending.frame_bytes;
      unsettled_bytes_.fetch_add(pending.frame_bytes, std::memory_order_relaxed);
      queue_.push_back(std::move(pending));
      if (waiting_) wake_.notify_one();
      return;
    }
  }
  figures_.refused_records.add(pending.block.ends.size());
  pending.done(*std::move(error));
}

void Writer::advance_to(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  at_least_ = std::max(at_least_, sequence);
}

std::optional<Refusal> Writer::trouble() {
  const std::lock_guard lock(mutex_);
  if (refusal_ && try_is_due() && !probe_wanted_) {
    probe_wanted_ = true;
    if (waiting_) wake_.notify_one();
  }
  return refusal_;
}

bool Writer::try_is_due() const {
  return files_.times_freed() != freed_at_refusal_ || clock_.steady() - refused_at_ >= kRetryPause;
}

void Writer::run() {
  std::vector<PendingBlock> blocks;
  std::unique_lock lock(mutex_);
  while (true) {
    waiting_ = true;
    wake_.wait(lock, [this] { return !queue_.empty() || probe_wanted_ || stopping_; });
    waiting_ = false;
    if (queue_.empty() && stopping_) return;
    blocks.clear();
    blocks.swap(queue_);
    queued_bytes_ = 0;
    tail_.advance_to(at_least_);
    const bool probe = std::exchange(probe_wanted_, false);
    lock.unlock();
    if (!blocks.empty()) {
      commit_all(blocks);
      blocks.clear();  // the records' memory, before waiting
    } else if (probe) {
      set_refusal(tail_.probe());
    }
    lock.lock();
  }
}

void Writer::commit_all(std::vector<PendingBlock>& blocks) {
  std::span<PendingBlock> left = blocks;
  while (!left.empty()) {
    auto bytes = left[0].frame_bytes;
    const auto most = std::max(bytes, std::min(kMaxGroupBytes, tail_.room_for(bytes)));
    std::size_t count = 1;
    while (count < left.size() && bytes + left[count].frame_bytes <= most) bytes += left[count++].frame_bytes;
    const auto refusal = tail_.commit(left.first(count));
    set_refusal(refusal);
    // What was refused now would be refused behind it as well: the disk is not asked again before the next try is due.
    settle(refusal ? left : left.first(count), refusal);
    left = left.subspan(refusal ? left.size() : count);
  }
}

void Writer::settle(std::span<PendingBlock> group, const std::optional<Refusal>& refusal) {
  for (auto& pending : group) {
    unsettled_bytes_.fetch_sub(pending.frame_bytes, std::memory_order_relaxed);
    if (refusal) figures_.refused_records.add(pending.block.ends.size());
    pending.done(refusal ? Status(refusal->error) : Status());
  }
}

void Writer::set_refusal(std::optional<Refusal> refusal) {
  const std::lock_guard lock(mutex_);
  const auto now = refusal || refusal_ ? clock_.steady() : std::chrono::steady_clock::time_point();
  if (refusal && !refusal_ && (!logged_at_ || now - *logged_at_ >= kLogPause)) {
    log::warn("journal", "records are refused: {}", refusal->error.message);
    logged_at_ = now;
    logged_ = true;
  }
  if (!refusal && refusal_ && std::exchange(logged_, false)) log::info("journal", "records are accepted again");
  refusal_ = std::move(refusal);
  if (refusal_) {
    refused_at_ = now;
    freed_at_refusal_ = files_.times_freed();
  }
}

}  // namespace mesher::io::journal
