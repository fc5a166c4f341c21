#include "io/journal/reader.hpp"

#include <algorithm>
#include <utility>

#include "graph/base/log.hpp"

namespace mesher::io::journal {
namespace {

constexpr std::size_t kMinWindow = 64 << 10;
constexpr std::size_t kMaxWindow = 8 << 20;

}  // namespace

Result<nodes::ports::ReadChunk> Reader::read(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) {
  max_records = std::max<std::size_t>(max_records, 1);
  max_bytes = std::max<std::size_t>(max_bytes, 1);
  if (from != next_) seek(from);
  if (ready_.empty()) {
    if (auto status = load(max_records, max_bytes); !status) return status.error();
  }
  nodes::ports::ReadChunk chunk;
  chunk.first = ready_.first + ready_.given;
  chunk.next = next_;
  if (ready_.empty()) return chunk;

  std::size_t bytes = 0;
  auto end = ready_.given;
  while (end < ready_.entries.size() && end - ready_.given < max_records &&
         (end == ready_.given || bytes + ready_.entries[end].size() <= max_bytes)) {
    bytes += ready_.entries[end++].size();
  }
  const auto begin = ready_.entries.begin();
  if (ready_.given == 0 && end == ready_.entries.size()) {
    chunk.entries = std::move(ready_.entries);
    ready_.entries.clear();
    chunk.memory = std::move(ready_.memory);
    ready_.given = 0;
  } else {
    chunk.entries.assign(begin + static_cast<std::ptrdiff_t>(ready_.given), begin + static_cast<std::ptrdiff_t>(end));
    chunk.memory = ready_.memory;
    ready_.given = end;
    if (ready_.empty()) ready_ = {};
  }
  next_ = chunk.next = chunk.first + chunk.entries.size();
  return chunk;
}

void Reader::seek(std::uint64_t from) {
  leave();
  ready_ = {};
  next_ = from;
}

void Reader::leave() {
  held_.reset();
  gaps_.clear();
  scanner_.reset();
  file_.reset();
  segment_.reset();
}

Status Reader::load(std::size_t max_records, std::size_t max_bytes) {
  ready_ = {};
  std::size_t bytes = 0;
  while (const auto view = log_.find(next_)) {
    if (view->segment != segment_) {
      if (auto status = enter(*view); !status) return status;
      if (segment_ == nullptr) continue;
    }
    scanner_->set_limit(view->end_offset);
    scanner_->set_window(std::clamp(max_bytes, kMinWindow, kMaxWindow));
    while (ready_.entries.size() < max_records && bytes < max_bytes && fetch(*view)) {
      bytes += held_->bytes.size();
      accept(*held_);
      held_.reset();
    }
    if (!ready_.entries.empty()) return {};
    end_of_segment(*view);
  }
  return {};
}

Status Reader::enter(const SegmentLog::View& view) {
  auto& segment = *view.segment;
  auto file = env_.open(segment.path, OpenMode::read);
  if (!file) {
    const auto code = file.error().code;
    if (code != ErrorCode::not_found && code != ErrorCode::corrupt) return file.error();
    leave();
    if (log_.contains(segment)) {
      const auto from = std::max(next_, segment.base);
      report(segment, {0, 0, from, view.end - from, true});
      next_ = view.end;
    }  // else it was released a moment ago
    return {};
  }
  leave();
  // Segments that were removed from the directory before the oldest one: what is missing was neither read nor released.
  if (next_ > 0 && next_ < segment.previous_end && next_ >= log_.released()) {
    report(segment, {0, 0, next_, segment.previous_end - next_, true});
  }
  file_ = std::move(file).value();
  segment_ = view.segment;
  scanner_.emplace(*file_, segment.key, kSegmentHeaderBytes, view.end_offset, kMinWindow);
  expected_ = segment.base;
  next_ = std::max(next_, segment.base);
  return {};
}

/// Puts the next frame that belongs to `ready_` into `held_`; false if there is none, or if it must wait for the next
/// chunk.
bool Reader::fetch(const SegmentLog::View& view) {
  while (!held_) {
    if (expected_ >= view.end) return false;  // what follows was never acknowledged
    const auto offset = scanner_->position();
    auto frame = scanner_->next();
    if (!frame || frame->header.sequence >= view.end) return false;
    if (frame->header.end() <= expected_) continue;
    const auto& header = frame->header;
    if (frame->offset > offset || header.sequence > expected_) {
      const auto missing = header.sequence > expected_ ? header.sequence - expected_ : 0;
      gaps_.push_back({offset, frame->offset - offset, expected_, missing, false});
    }
    std::erase_if(gaps_, [&](const Gap& gap) {
      const bool damage = header.durable_below() > gap.first;
      if (damage) report(*segment_, gap);
      return damage;
    });
    expected_ = header.end();
    if (header.end() > next_) held_ = std::move(frame);
  }
  if (ready_.entries.empty()) return true;
  return held_->memory == ready_.memory && held_->header.sequence == ready_.end();
}

void Reader::accept(const Frame& frame) {
  const auto skip = next_ > frame.header.sequence ? static_cast<std::uint32_t>(next_ - frame.header.sequence) : 0U;
  if (ready_.entries.empty()) {
    ready_.memory = frame.memory;
    ready_.first = frame.header.sequence + skip;
    next_ = ready_.first;
  }
  for (std::uint32_t i = ready_.entries.empty() ? skip : 0; i < frame.header.records; ++i) {
    ready_.entries.push_back(record_of(frame.header, frame.bytes, i));
  }
}

void Reader::end_of_segment(const SegmentLog::View& view) {
  if (expected_ < view.end) {
    const auto offset = scanner_->position();
    report(*segment_, {offset, view.end_offset - offset, expected_, view.end - expected_, true});
  }
  next_ = view.end;
  if (view.last) {
    // More may be appended behind: go on there.
    expected_ = view.end;
    scanner_.emplace(*file_, segment_->key, view.end_offset, view.end_offset, kMinWindow);
  } else {
    leave();
  }
}

void Reader::report(Segment& segment, const Gap& gap) {
  if (gap.offset < segment.reported_below) return;
  segment.reported_below = std::max(gap.offset + gap.bytes, gap.offset + 1);
  damaged_records_ += gap.records;
  damaged_bytes_ += gap.bytes;
  figures_.damaged_records.add(gap.records);
  figures_.damaged_bytes.add(gap.bytes);
  log::warn("journal", "skipped {} damaged or missing records from sequence {} on: {} bytes at offset {} of {}",
            gap.records, gap.first, gap.bytes, gap.offset, segment.path);
}

}  // namespace mesher::io::journal
