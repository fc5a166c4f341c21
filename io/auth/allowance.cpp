#include "io/auth/allowance.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "io/auth/token.hpp"

namespace mesher::auth {
namespace {

std::uint64_t random_salt() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

std::uint32_t seconds_up(std::int64_t microseconds) {
  return microseconds <= 0 ? 0 : static_cast<std::uint32_t>((microseconds + 999'999) / 1'000'000);
}

}  // namespace

Allowance::Allowance(std::uint32_t count, std::chrono::seconds window, const Clock& clock)
    : count_(count),
      window_(window),
      interval_us_(count == 0 ? 0 : std::max<std::int64_t>(1, std::chrono::microseconds(window).count() / count)),
      clock_(clock),
      salt_(random_salt()) {}

std::uint64_t Allowance::hash_of(std::string_view key) const {
  std::string salted(reinterpret_cast<const char*>(&salt_), sizeof salt_);
  salted += key;
  const auto full = hash_token(salted);
  std::uint64_t hash = 0;
  std::memcpy(&hash, full.data(), sizeof hash);
  return hash;
}

Allowance::Verdict Allowance::take(std::string_view key) {
  if (count_ == 0) return {};
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady().time_since_epoch()).count();
  const std::int64_t all = interval_us_ * count_;
  const auto hash = hash_of(key);
  const std::lock_guard lock(mutex_);
  if (whole_at_us_.size() >= kMostKeys && !whole_at_us_.contains(hash)) make_room(now);
  auto& whole_at = whole_at_us_.try_emplace(hash, now).first->second;
  whole_at = std::max(whole_at, now);
  Verdict verdict{.limit = count_};
  if (whole_at - now + interval_us_ > all) {
    verdict.allowed = false;
    verdict.retry_after = std::max(1U, seconds_up(whole_at - now + interval_us_ - all));
  } else {
    whole_at += interval_us_;
  }
  verdict.remaining = static_cast<std::uint32_t>((all - (whole_at - now)) / interval_us_);
  verdict.whole_after = seconds_up(whole_at - now);
  return verdict;
}

void Allowance::give_back(std::string_view key) {
  const auto hash = hash_of(key);
  const std::lock_guard lock(mutex_);
  if (const auto at = whole_at_us_.find(hash); at != whole_at_us_.end()) at->second -= interval_us_;
}

void Allowance::forget(std::string_view key) {
  const auto hash = hash_of(key);
  const std::lock_guard lock(mutex_);
  whole_at_us_.erase(hash);
}

std::size_t Allowance::keys() const {
  const std::lock_guard lock(mutex_);
  return whole_at_us_.size();
}

void Allowance::make_room(std::int64_t now) {
  std::erase_if(whole_at_us_, [now](const auto& entry) { return entry.second <= now; });
  if (whole_at_us_.size() < kMostKeys) return;
  std::vector<std::int64_t> times;
  times.reserve(whole_at_us_.size());
  for (const auto& [hash, at] : whole_at_us_) times.push_back(at);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  std::erase_if(whole_at_us_, [limit = *middle](const auto& entry) { return entry.second <= limit; });
}

}  // namespace mesher::auth
