#include "io/journal/tail.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "graph/base/log.hpp"

namespace mesher::io::journal {
namespace {

/// Segments grow to full size by fours, so that a small journal has small files.
constexpr std::uint64_t kFirstSegmentBytes = 1 << 20;
/// Up to this size the next segment is prepared as soon as one is begun: it is full before long.
constexpr std::uint64_t kSmallSegmentBytes = 4 << 20;

Refusal refused_by(const Error& error) {
  if (error.code == ErrorCode::exhausted) {
    return {Trouble::disk, {ErrorCode::exhausted, "journal is full: no space left on the disk", error.message}};
  }
  return {Trouble::write, {ErrorCode::unavailable, "journal can't write: " + error.message, error.hint}};
}

}  // namespace

Tail::Tail(SegmentFiles& files, SegmentLog& log, Figures& figures, std::uint32_t partition, std::uint64_t next)
    : files_(files), log_(log), figures_(figures), partition_(partition), next_(next) {}

void Tail::resume(std::unique_ptr<File> file, std::shared_ptr<Segment> segment) {
  file_ = std::move(file);
  segment_ = std::move(segment);
  offset_ = segment_->end_offset;
  limit_ = std::max(limit_of_next(), segment_->file_bytes);
}

std::uint64_t Tail::limit_of_next() const {
  const auto full = files_.options().segment_bytes;
  return changes_ >= 16 ? full : std::min(full, kFirstSegmentBytes << (2 * changes_));
}

bool Tail::continues(std::uint64_t bytes) const {
  const bool empty = offset_ == kSegmentHeaderBytes;
  return file_ != nullptr && segment_->end == next_ && (empty || offset_ + bytes <= limit_);
}

std::uint64_t Tail::room_for(std::uint64_t first_frame) const {
  const auto room = continues(first_frame) ? limit_ - std::min(limit_, offset_) : limit_of_next() - kSegmentHeaderBytes;
  return std::max(room, first_frame);
}

std::optional<Refusal> Tail::commit(std::span<PendingBlock> group) {
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  for (const auto& pending : group) {
    bytes += pending.frame_bytes;
    records += pending.block.ends.size();
  }
  if (auto refusal = make_room(bytes)) return refusal;

  const auto status = write(group);
  // Used up even if refused: a refused frame may turn up again after a crash, never beside another of its number.
  next_ += records;
  if (!status) {
    abandon();
    return refused_by(status.error());
  }
  offset_ += bytes;
  log_.publish(*segment_, next_, offset_, records);
  figures_.groups.add();
  figures_.appended_records.add(records);
  figures_.appended_bytes.add(bytes);
  prepare_ahead();
  return std::nullopt;
}

Status Tail::write(std::span<PendingBlock> group) {
  static constexpr std::array<char, kFrameAlignment> kZeros{};
  pieces_.clear();
  auto sequence = next_;
  std::uint64_t bytes = 0;
  for (auto& pending : group) {
    const auto& block = pending.block;
    FrameHeader header;
    header.payload_bytes = static_cast<std::uint32_t>(block.bytes.size());
    header.records = static_cast<std::uint32_t>(block.ends.size());
    header.group_offset = static_cast<std::uint32_t>(sequence - next_);
    header.sequence = sequence;
    header.body_checksum = pending.checksum;
    pending.header = encode(header, segment_->key);
    sequence += header.records;
    bytes += pending.frame_bytes;

    const auto ends_bytes = block.ends.size() * sizeof(std::uint32_t);
    pieces_.emplace_back(pending.header.data(), pending.header.size());
    pieces_.emplace_back(reinterpret_cast<const char*>(block.ends.data()), ends_bytes);
    pieces_.emplace_back(block.bytes);
    const auto padding = pending.frame_bytes - kFrameHeaderBytes - ends_bytes - block.bytes.size();
    if (padding > 0) pieces_.emplace_back(kZeros.data(), padding);
  }
  if (const auto zeros = zeros_to_page_end(offset_ + bytes, segment_->file_bytes); !zeros.empty()) {
    pieces_.push_back(zeros);
  }
  if (auto status = file_->write(offset_, pieces_); !status) return status;
  const auto began = std::chrono::steady_clock::now();
  auto status = file_->sync();
  figures_.fsync.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return status;
}

std::optional<Refusal> Tail::make_room(std::uint64_t bytes) {
  if (!continues(bytes)) {
    if (auto refusal = files_.grow(0)) return refusal;
    if (auto refusal = change_segment()) return refusal;
  }
  const auto needed = offset_ + bytes;
  if (needed <= segment_->file_bytes) return files_.grow(0);
  auto refusal = files_.grow(needed - segment_->file_bytes);
  if (refusal && refusal->trouble == Trouble::quota) {
    log_.sweep();
    refusal = files_.grow(needed - segment_->file_bytes);
  }
  if (refusal && refusal->trouble == Trouble::quota && segment_->end > segment_->base &&
      log_.released() >= segment_->end) {
    // Nothing in this segment is needed any more, yet it fills the quota: a new one lets it go.
    if (auto trouble = change_segment()) return trouble;
    refusal = files_.grow(offset_ + bytes - std::min(offset_ + bytes, segment_->file_bytes));
  }
  if (!refusal) segment_->file_bytes = std::max(segment_->file_bytes, offset_ + bytes);
  return refusal;
}

std::optional<Refusal> Tail::change_segment() {
  auto created = files_.create(partition_, log_.end(), next_);
  if (!created) return refused_by(created.error());
  // Held no longer than needed: whoever holds a released segment keeps it from being reused.
  const auto empty = segment_ && segment_->end == segment_->base ? segment_ : nullptr;
  segment_ = std::move(created->segment);
  file_ = std::move(created->file);
  log_.add(segment_);
  if (empty) log_.discard(*empty);
  offset_ = kSegmentHeaderBytes;
  const bool reused = segment_->file_bytes > kSegmentHeaderBytes;
  limit_ = reused ? segment_->file_bytes : limit_of_next();
  ++changes_;
  asked_ahead_ = false;
  return std::nullopt;
}

void Tail::abandon() {
  log::warn("journal", "a write to {} failed; going on in a new segment", segment_->path);
  if (file_->truncate(offset_) && segment_->file_bytes > offset_) {
    files_.shrink(std::exchange(segment_->file_bytes, offset_) - offset_);
  }
  file_.reset();
  if (segment_->end == segment_->base) log_.discard(*segment_);
  segment_.reset();
}

std::optional<Refusal> Tail::probe() {
  constexpr std::uint64_t kSmall = 64 << 10;
  if (auto refusal = files_.grow(0)) return refusal;
  if (file_ == nullptr) {
    // A segment that could be made and synced: the disk takes writes again.
    if (auto refusal = change_segment()) return refusal;
  }
  auto refusal = files_.check(std::min(kSmall, limit_of_next() / 2));
  const bool drained = segment_->end > segment_->base && log_.released() >= segment_->end;
  return drained ? std::nullopt : refusal;
}

void Tail::prepare_ahead() {
  // A quarter through a large one, the segments released meanwhile have mostly become spares: then there is nothing to
  // do.
  if (asked_ahead_ || (limit_ > kSmallSegmentBytes && offset_ < limit_ / 4)) return;
  asked_ahead_ = true;
  files_.prepare(limit_of_next());
}

}  // namespace mesher::io::journal
