#include "io/demo/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

#include "graph/base/random.hpp"

namespace mesher::demo {
namespace {

constexpr double kMicrosPerDay = 86'400e6;

/// How busy the shop is at a time, 0 to 1: quiet at four in the morning, busiest at four in the afternoon, less on
/// Saturdays and Sundays.
double busyness(UnixMicros at) {
  const auto day = at / static_cast<UnixMicros>(kMicrosPerDay);
  const double hour = std::fmod(static_cast<double>(at) / 3600e6, 24);
  const double daily = 0.58 - 0.42 * std::cos((hour - 4) / 24 * 2 * std::numbers::pi);
  const auto weekday = (day + 4) % 7;  // 1970-01-01 was a Thursday
  return daily * (weekday == 0 || weekday == 6 ? 0.6 : 1.0);
}

void add_piece(const Piece& piece, UnixMicros end, Random& random, std::vector<UnixMicros>& times) {
  const auto from = time_of(piece.from, end), to = time_of(piece.to, end);
  const auto length = static_cast<double>(to - from);
  for (auto left = static_cast<std::int64_t>(piece.events); left > 0;) {
    // A burst swells at once and fades away.
    const double share = piece.burst ? std::pow(random.unit(), 1.6) : random.unit();
    const auto at = from + static_cast<UnixMicros>(share * length);
    if (!piece.burst && !random.chance(busyness(at))) continue;
    times.push_back(at);
    --left;
  }
}

}  // namespace

UnixMicros time_of(double day, UnixMicros end) {
  return end - static_cast<UnixMicros>((kDays - day) * kMicrosPerDay);
}

std::vector<Moment> moments(const Material& material, UnixMicros end, std::uint64_t seed) {
  std::vector<Moment> all;
  for (std::size_t story = 0; story < material.stories.size(); ++story) {
    Random random(mix64(seed) + story);
    std::vector<UnixMicros> times;
    for (const auto& piece : material.stories[story].schedule) add_piece(piece, end, random, times);
    std::sort(times.begin(), times.end());
    for (std::uint64_t n = 0; n < times.size(); ++n) all.push_back({times[n], story, n});
  }
  std::sort(all.begin(), all.end(), [](const Moment& a, const Moment& b) {
    return std::tie(a.at, a.story, a.n) < std::tie(b.at, b.story, b.n);
  });
  return all;
}

}  // namespace mesher::demo
