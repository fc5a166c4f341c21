#include "io/api/time_range.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mesher::api {
namespace {

constexpr UnixMicros kMostHours = 92 * kDay;
constexpr UnixMicros kMostDays = 731 * kDay;
constexpr std::size_t kMostZone = 64;  // bytes; the longest name has half of that

bool is_zone_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c == '-' || c == '+';
}

void refuse_zone(Call& call) {
  call.parameters.refuse(
      fail(Code::invalid_parameter, "tz must be the name of a time zone, such as Europe/Berlin or UTC", "tz"));
}

UnixMicros hour_of(UnixMicros time) {
  return time / kHour * kHour;
}

}  // namespace

TimeRange read_range(Call& call, UnixMicros usual, UnixMicros most) {
  auto& parameters = call.parameters;
  const UnixMicros to = parameters.time("to").value_or(call.api.clock.now() + 1);
  const UnixMicros from = parameters.time("from").value_or(std::max<UnixMicros>(to - usual, 0));
  if (to - from > most) {
    parameters.refuse(fail(Code::invalid_parameter,
                           fmt::format("from and to must not be more than {} days apart", most / kDay), "from"));
  }
  return {hour_of(from), std::max(hour_of(from), hour_of(to + kHour - 1))};
}

std::size_t Buckets::place_of(UnixMicros hour) const {
  const auto behind = std::upper_bound(starts_.begin(), starts_.end(), hour);
  return behind == starts_.begin() ? 0 : static_cast<std::size_t>(behind - starts_.begin()) - 1;
}

std::string read_zone(Call& call) {
  const auto given = call.request.query_parameter("tz");
  if (!given) return "UTC";
  const bool good =
      !given->empty() && given->size() <= kMostZone && std::all_of(given->begin(), given->end(), is_zone_character) &&
      (given->find_first_of("0123456789+-") == std::string::npos || given->find('/') != std::string::npos);
  if (!good) refuse_zone(call);  // among them PostgreSQL's own ways to write offsets, whose signs surprise
  return *given;
}

std::vector<UnixMicros> days_of(Call& call, const std::string& zone, UnixMicros from, UnixMicros to) {
  auto days = postgres::local_days(call.api.database, zone, from, to);
  if (days) return *std::move(days);
  if (days.error().code == ErrorCode::invalid) {
    refuse_zone(call);
  } else {
    call.parameters.refuse(fail(days.error()));
  }
  return {};
}

Timeline read_timeline(Call& call) {
  const bool by_day = call.parameters.choice("bucket", {"hour", "day"}) == "day";
  const auto zone = read_zone(call);
  Timeline timeline;
  timeline.range = read_range(call, by_day ? 30 * kDay : kDay, by_day ? kMostDays : kMostHours);
  if (call.parameters.failed() || timeline.range.empty()) return timeline;
  auto& range = timeline.range;
  if (!by_day) {
    std::vector<UnixMicros> hours;
    for (UnixMicros hour = range.from; hour < range.to; hour += kHour) hours.push_back(hour);
    timeline.buckets = Buckets(std::move(hours));
    return timeline;
  }
  auto days = days_of(call, zone, range.from, range.to);
  if (call.parameters.failed() || days.empty()) return timeline;
  // The first hour that begins in the first day.
  range.from = hour_of(days.front() + kHour - 1);
  timeline.buckets = Buckets(std::move(days));
  return timeline;
}

}  // namespace mesher::api
