#include "nodes/alerts/window.hpp"

#include <algorithm>
#include <vector>

namespace mesher::nodes::alerts {

void CountWindow::advance(std::int64_t to) {
  if (to <= latest_) return;
  if (to - latest_ >= kWindowSteps) {
    counts_.fill(0);
    total_ = 0;
  } else {
    for (auto step = latest_ + 1; step <= to; ++step) {
      auto& bucket = counts_[static_cast<std::size_t>(step % kWindowSteps)];
      total_ -= bucket;
      bucket = 0;
    }
  }
  latest_ = to;
}

std::int64_t CountWindow::add(UnixMicros at, UnixMicros step, std::uint32_t count) {
  const auto now = at / step;
  advance(now);
  if (now <= latest_ - kWindowSteps) return total_;
  counts_[static_cast<std::size_t>(now % kWindowSteps)] += count;
  total_ += count;
  return total_;
}

void CountWindow::undo(UnixMicros at, UnixMicros step, std::uint32_t count) {
  const auto then = at / step;
  if (then > latest_ || then <= latest_ - kWindowSteps) return;
  auto& bucket = counts_[static_cast<std::size_t>(then % kWindowSteps)];
  const auto taken = std::min(bucket, count);
  bucket -= taken;
  total_ -= taken;
}

std::int64_t CountWindow::total(UnixMicros now, UnixMicros step) const {
  const auto to = now / step;
  if (to - latest_ >= kWindowSteps) return 0;
  auto total = total_;
  for (auto gone = latest_ + 1; gone <= to; ++gone) total -= counts_[static_cast<std::size_t>(gone % kWindowSteps)];
  return total;
}

void UserWindow::drop_old(UnixMicros step) {
  if (cleaned_ == latest_) return;
  cleaned_ = latest_;
  const auto oldest = (latest_ - kWindowSteps + 1) * step;
  std::erase_if(last_seen_, [&](const auto& user) { return user.second < oldest; });
}

/// A quarter more than `most` may gather, so that the work is shared by many calls.
void UserWindow::keep_latest(std::size_t most) {
  if (last_seen_.size() <= most + most / 4 + 8) return;
  std::vector<UnixMicros> times;
  times.reserve(last_seen_.size());
  for (const auto& user : last_seen_) times.push_back(user.second);
  const auto cut = times.begin() + static_cast<std::ptrdiff_t>(times.size() - most);
  std::nth_element(times.begin(), cut, times.end());
  const auto oldest_kept = *cut;
  std::erase_if(last_seen_, [&](const auto& user) { return user.second < oldest_kept; });
}

std::int64_t UserWindow::add(std::uint64_t user, UnixMicros at, UnixMicros step, std::size_t most) {
  const auto now = at / step;
  latest_ = std::max(latest_, now);
  if (now > latest_ - kWindowSteps) {
    auto& seen = last_seen_[user];
    seen = std::max(seen, at);
    keep_latest(most);
  }
  drop_old(step);
  return static_cast<std::int64_t>(last_seen_.size());
}

std::int64_t UserWindow::total(UnixMicros now, UnixMicros step) const {
  const auto oldest = (std::max(latest_, now / step) - kWindowSteps + 1) * step;
  return std::count_if(last_seen_.begin(), last_seen_.end(), [&](const auto& user) { return user.second >= oldest; });
}

UnixMicros UserWindow::last_seen(std::uint64_t user) const {
  const auto found = last_seen_.find(user);
  return found == last_seen_.end() ? 0 : found->second;
}

void UserWindow::restore(std::uint64_t user, UnixMicros last_seen) {
  if (last_seen == 0) {
    last_seen_.erase(user);
  } else if (const auto found = last_seen_.find(user); found != last_seen_.end()) {
    found->second = last_seen;
  }
}

}  // namespace mesher::nodes::alerts
