#include "io/ws/live_past.hpp"

#include <algorithm>

namespace mesher::ws {

std::uint64_t LiveOrder::add(std::span<const nodes::Event> events) {
  const std::lock_guard lock(mutex_);
  const auto first = end_;
  for (const auto& event : events) told_.push_back({event.id, event.project_id});
  end_ += events.size();
  while (told_.size() > kept_) told_.pop_front();
  return first;
}

std::uint64_t LiveOrder::last() const {
  const std::lock_guard lock(mutex_);
  return end_ - 1;
}

std::optional<LiveOrder::Missed> LiveOrder::behind(const nodes::EventId& event, std::uint32_t project, std::uint64_t to,
                                                   std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(told_.rbegin(), told_.rend(),
                               [&](const Told& told) { return told.project == project && told.id == event; });
  if (at == told_.rend()) return std::nullopt;
  const auto first = end_ - told_.size();
  auto index = static_cast<std::size_t>(told_.rend() - at);  // of the one behind it
  Missed missed;
  missed.from = first + index - 1;
  for (; index < told_.size() && first + index <= to; ++index) {
    if (told_[index].project != project) continue;
    missed.ids.push_back(told_[index].id);
    missed.positions.push_back(first + index);
  }
  if (missed.ids.size() > limit) {
    missed.skipped = missed.ids.size() - limit;
    missed.ids.erase(missed.ids.begin(), missed.ids.end() - static_cast<std::ptrdiff_t>(limit));
    missed.positions.erase(missed.positions.begin(), missed.positions.end() - static_cast<std::ptrdiff_t>(limit));
  }
  return missed;
}

}  // namespace mesher::ws
