#include "io/api/times.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

namespace mesher::api {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr double kLastSecond = 253402300799.0;  // 9999-12-31T23:59:59Z

std::chrono::year_month_day date_of(UnixMicros time) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(time)));
}

/// Takes exactly `digits` digits off the front.
std::optional<int> number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// Micros of a fraction such as ".25"; digits behind the sixth are dropped.
std::optional<UnixMicros> fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  UnixMicros micros = 0;
  UnixMicros unit = kSecond / 10;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits, unit /= 10) {
    micros += unit * (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return micros;
}

std::optional<UnixMicros> offset(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  if (text.empty()) return std::nullopt;
  const char sign = text.front();
  if (!take(text, "+- ")) return std::nullopt;
  const auto hours = number(text, 2);
  take(text, ":");
  const auto minutes = number(text, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const UnixMicros east = (*hours * 60 + *minutes) * 60 * kSecond;
  return sign == '-' ? -east : east;
}

std::optional<UnixMicros> date_time(std::string_view text) {
  const auto year = number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = number(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = number(text, 2);
  const auto micros = fraction(text);
  const auto east = offset(text);
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!second || !micros || !east || !text.empty() || !date.ok()) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const UnixMicros days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + *hour) * 60 + *minute) * 60 + *second) * kSecond + *micros - *east;
}

std::optional<UnixMicros> unix_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(seconds)) return std::nullopt;
  if (seconds < 0 || seconds > kLastSecond) return std::nullopt;
  return static_cast<UnixMicros>(std::llround(seconds * static_cast<double>(kSecond)));
}

}  // namespace

std::string rfc3339(UnixMicros time) {
  const auto date = date_of(time);
  const UnixMicros day = std::chrono::sys_days(date).time_since_epoch().count() * (24 * 3600 * kSecond);
  const UnixMicros millis = (time - day) / 1000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), millis / 3'600'000,
                     millis / 60'000 % 60, millis / 1000 % 60, millis % 1000);
}

std::string iso_day(UnixMicros time) {
  const auto date = date_of(time);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<UnixMicros> parse_time(std::string_view text) {
  const auto time = text.find('-', 1) != std::string_view::npos ? date_time(text) : unix_seconds(text);
  if (!time || *time < 0 || *time > static_cast<UnixMicros>(kLastSecond) * kSecond) return std::nullopt;
  return time;
}

}  // namespace mesher::api
