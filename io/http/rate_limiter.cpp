#include "io/http/rate_limiter.hpp"

#include <algorithm>

namespace mesher::http {

std::int64_t RateLimiter::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady().time_since_epoch()).count() / kPieceMs;
}

/// Forgets the pieces that have left the minute before `piece`.
void RateLimiter::Window::slide(std::int64_t piece) {
  const auto steps = std::min<std::int64_t>(piece - newest_, kPieces);
  for (std::int64_t i = 1; i <= steps; ++i) {
    auto& oldest = counts_[static_cast<std::size_t>(newest_ + i) % kPieces];
    sum_ -= oldest;
    oldest = 0;
  }
  newest_ = std::max(newest_, piece);
  if (steps == static_cast<std::int64_t>(kPieces)) {
    counts_.fill(0);
    sum_ = 0;
  }
}

std::uint32_t RateLimiter::Window::take(std::int64_t piece, std::uint32_t limit, std::uint32_t wanted) {
  const std::lock_guard lock(mutex_);
  slide(piece);
  const auto room = sum_ >= limit ? 0 : static_cast<std::uint32_t>(limit - sum_);
  const auto taken = std::min(room, wanted);
  counts_[static_cast<std::size_t>(newest_) % kPieces] += taken;
  sum_ += taken;
  return taken;
}

void RateLimiter::Window::give_back(std::int64_t piece, std::uint32_t n) {
  const std::lock_guard lock(mutex_);
  slide(piece);
  auto& count = counts_[static_cast<std::size_t>(newest_) % kPieces];
  n = std::min(n, count);
  count -= n;
  sum_ -= n;
}

std::uint32_t RateLimiter::Window::seconds_until_room(std::int64_t piece, std::uint32_t limit) {
  const std::lock_guard lock(mutex_);
  slide(piece);
  const auto wanted = std::max<std::uint64_t>(1, limit / 10);
  auto sum = sum_;
  for (std::int64_t i = 1; i <= static_cast<std::int64_t>(kPieces); ++i) {  // from the oldest piece on
    sum -= counts_[static_cast<std::size_t>(newest_ + i) % kPieces];
    if (sum + wanted <= limit) return static_cast<std::uint32_t>((i * kPieceMs + 999) / 1000);
  }
  return kPieces * kPieceMs / 1000;
}

bool RateLimiter::Window::idle(std::int64_t piece) {
  const std::lock_guard lock(mutex_);
  slide(piece);
  return sum_ == 0;
}

std::shared_ptr<RateLimiter::Window> RateLimiter::window(Scope scope, std::uint32_t id) {
  const auto key = static_cast<std::uint64_t>(scope) << 32 | id;
  {
    const std::shared_lock lock(mutex_);
    if (const auto at = windows_.find(key); at != windows_.end()) return at->second;
  }
  const std::unique_lock lock(mutex_);
  if (windows_.size() >= prune_at_) {
    const auto piece = now();
    std::erase_if(windows_, [&](const auto& entry) { return entry.second->idle(piece); });
    prune_at_ = std::max<std::size_t>(1024, windows_.size() * 2);
  }
  auto& made = windows_[key];
  if (!made) made = std::make_shared<Window>();
  return made;
}

RateLimiter::Verdict RateLimiter::admit(const Sender& sender, std::uint32_t wanted) {
  const auto key_limit = sender.key->rate_limit_per_minute;
  const auto project_limit = sender.project->rate_limit_per_minute;
  Verdict verdict{.allowed = wanted};
  if (key_limit == 0 && project_limit == 0) return verdict;
  const auto piece = now();
  std::shared_ptr<Window> by_key;
  if (key_limit > 0) {
    by_key = window(Scope::key, sender.key->id);
    verdict.allowed = by_key->take(piece, key_limit, wanted);
    if (verdict.allowed < wanted) {
      verdict.scope = Scope::key;
      verdict.retry_after = by_key->seconds_until_room(piece, key_limit);
    }
  }
  if (project_limit > 0 && verdict.allowed > 0) {
    const auto by_project = window(Scope::project, sender.project->id);
    const auto asked = verdict.allowed;
    verdict.allowed = by_project->take(piece, project_limit, asked);
    if (verdict.allowed < asked) {
      if (by_key) by_key->give_back(piece, asked - verdict.allowed);
      verdict.scope = Scope::project;
      verdict.retry_after = std::max(verdict.retry_after, by_project->seconds_until_room(piece, project_limit));
    }
  }
  return verdict;
}

RateLimiter::Verdict RateLimiter::full(const Sender& sender) {
  Verdict verdict{.allowed = 1};
  const auto piece = now();
  const auto look = [&](Scope scope, std::uint32_t id, std::uint32_t limit) {
    if (limit == 0 || verdict.allowed == 0) return;
    const auto w = window(scope, id);
    if (w->take(piece, limit, 1) == 1) return w->give_back(piece, 1);
    verdict = {.allowed = 0, .scope = scope, .retry_after = w->seconds_until_room(piece, limit)};
  };
  look(Scope::key, sender.key->id, sender.key->rate_limit_per_minute);
  look(Scope::project, sender.project->id, sender.project->rate_limit_per_minute);
  return verdict;
}

}  // namespace mesher::http
