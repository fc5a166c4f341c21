#include "io/journal/segment_log.hpp"

#include <algorithm>
#include <utility>

namespace mesher::io::journal {

SegmentLog::SegmentLog(SegmentFiles& files, Figures& figures, std::vector<std::shared_ptr<Segment>> segments,
                       std::uint64_t end, bool keep_last)
    : files_(files),
      figures_(figures),
      keep_last_(keep_last),
      segments_(std::make_move_iterator(segments.begin()), std::make_move_iterator(segments.end())),
      end_(end) {
  set_waiting(count_waiting());
}

SegmentLog::~SegmentLog() {
  for (const auto& segment : leaving_) files_.retire(*segment, false);
}

void SegmentLog::add(std::shared_ptr<Segment> segment) {
  {
    const std::lock_guard lock(mutex_);
    segments_.push_back(std::move(segment));
  }
  sweep();  // the one before may have waited for a successor
}

void SegmentLog::publish(Segment& segment, std::uint64_t end, std::uint64_t end_offset, std::uint64_t records) {
  {
    const std::lock_guard lock(mutex_);
    segment.end = end_ = end;
    segment.end_offset = end_offset;
    set_waiting(waiting_ + records);
  }
  grown_.notify_all();
}

void SegmentLog::discard(const Segment& segment) {
  std::shared_ptr<Segment> out;
  {
    const std::lock_guard lock(mutex_);
    const auto at =
        std::find_if(segments_.begin(), segments_.end(), [&](auto& each) { return each.get() == &segment; });
    if (at == segments_.end()) return;
    out = std::move(*at);
    segments_.erase(at);
  }
  files_.retire(*out, false);
}

std::optional<SegmentLog::View> SegmentLog::find(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::upper_bound(segments_.begin(), segments_.end(), sequence,
                                   [](std::uint64_t value, auto& segment) { return value < segment->end; });
  if (at == segments_.end()) return std::nullopt;
  return View{*at, (*at)->end, (*at)->end_offset, std::next(at) == segments_.end()};
}

bool SegmentLog::contains(const Segment& segment) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(segments_.begin(), segments_.end(), [&](auto& each) { return each.get() == &segment; });
}

bool SegmentLog::wait_for(std::uint64_t sequence, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return grown_.wait(lock, stop, [&] { return end_ > sequence; }) && !stop.stop_requested();
}

void SegmentLog::release(std::uint64_t sequence) {
  {
    const std::lock_guard lock(mutex_);
    if (sequence <= released_) return;
    released_ = sequence;
    set_waiting(count_waiting());
  }
  sweep();
}

void SegmentLog::sweep() {
  std::vector<std::shared_ptr<Segment>> reusable;
  std::vector<std::shared_ptr<Segment>> held;
  {
    const std::lock_guard lock(mutex_);
    auto out = std::exchange(leaving_, {});
    const auto waited = out.size();
    while (segments_.size() > (keep_last_ ? 1U : 0U) && segments_.front()->end <= released_) {
      out.push_back(std::move(segments_.front()));
      segments_.pop_front();
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      // Nobody can find it any more; a reader that found it before holds it still, but will go on soon.
      const bool free = out[i].use_count() == 1;
      auto& where = free ? reusable : (i < waited ? held : leaving_);
      where.push_back(std::move(out[i]));
    }
  }
  for (const auto& segment : reusable) files_.retire(*segment, true);
  for (const auto& segment : held) files_.retire(*segment, false);
}

std::uint64_t SegmentLog::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

std::uint64_t SegmentLog::released() const {
  const std::lock_guard lock(mutex_);
  return released_;
}

std::uint64_t SegmentLog::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

std::uint64_t SegmentLog::count_waiting() const {
  std::uint64_t sum = 0;
  for (const auto& segment : segments_) {
    const auto from = std::max(segment->base, released_);
    if (segment->end > from) sum += segment->end - from;
  }
  return sum;
}

void SegmentLog::set_waiting(std::uint64_t records) {
  figures_.waiting.add(static_cast<std::int64_t>(records) - static_cast<std::int64_t>(waiting_));
  waiting_ = records;
}

}  // namespace mesher::io::journal
