#include "nodes/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mesher::nodes {
namespace {

constexpr UnixMicros kYear0 = -62'167'219'200'000'000;
constexpr UnixMicros kYear9999 = 253'402'300'799'999'999;

std::chrono::sys_time<std::chrono::microseconds> clamped(UnixMicros time) {
  return std::chrono::sys_time<std::chrono::microseconds>(
      std::chrono::microseconds(std::clamp(time, kYear0, kYear9999)));
}

}  // namespace

std::string utc_day(UnixMicros time) {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(clamped(time)));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string rfc3339_millis(UnixMicros time) {
  const auto at = clamped(time);
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(at - day));
  return fmt::format("{}T{:02}:{:02}:{:02}.{:03}Z", utc_day(time), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count(), clock.subseconds().count());
}

}  // namespace mesher::nodes
