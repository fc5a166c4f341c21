#pragma once

#include <string>
#include <vector>

#include "io/api/call.hpp"
#include "io/postgres/read_roll_ups.hpp"

/// The time range of a dashboard's question and the buckets of its answer. Sums are kept by the hour, so ranges are
/// made of whole hours (UTC): from the one that holds `from` to the last that begins before `to`.
namespace mesher::api {

constexpr UnixMicros kHour = 3'600'000'000;
constexpr UnixMicros kDay = 24 * kHour;

struct TimeRange {
  UnixMicros from = 0, to = 0;  ///< [from, to), beginning and ending with an hour
  [[nodiscard]] bool empty() const { return from >= to; }
};

/// Reads `from` and `to`; by default the last `usual`. A range longer than `most` is refused.
[[nodiscard]] TimeRange read_range(Call& call, UnixMicros usual, UnixMicros most);

/// Consecutive stretches of time.
class Buckets {
 public:
  Buckets() = default;
  explicit Buckets(std::vector<UnixMicros> starts) : starts_(std::move(starts)) {}
  [[nodiscard]] const std::vector<UnixMicros>& starts() const { return starts_; }
  /// Index of the bucket that holds the beginning of `hour`; what is before the first belongs to the first.
  [[nodiscard]] std::size_t place_of(UnixMicros hour) const;

 private:
  std::vector<UnixMicros> starts_;
};

/// Reads `bucket`, `tz`, `from` and `to`. Buckets of a day begin at midnight in the zone; an hour that a zone's
/// midnight cuts in two (India, Nepal, …) counts to the day in which it begins. The range is widened to whole buckets.
struct Timeline {
  TimeRange range;
  Buckets buckets;
};
[[nodiscard]] Timeline read_timeline(Call& call);

/// `tz`: the name of a time zone, "UTC" by default. What it is worth only PostgreSQL knows.
[[nodiscard]] std::string read_zone(Call& call);
/// local_days(); a zone that does not exist is the caller's mistake.
[[nodiscard]] std::vector<UnixMicros> days_of(Call& call, const std::string& zone, UnixMicros from, UnixMicros to);

}  // namespace mesher::api
