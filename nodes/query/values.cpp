#include "nodes/query/values.hpp"

#include <fmt/format.h>

#include <charconv>

#include "nodes/coerce.hpp"
#include "nodes/time_text.hpp"

namespace mesher::query {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr UnixMicros kDay = 86'400 * kSecond;
constexpr std::int64_t kMostNumber = 1'000'000'000'000'000;
constexpr std::int64_t kMostAmount = 100'000;
constexpr UnixMicros kEnd = 253'402'300'800 * kSecond;  // of the year 9999

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

UnixMicros length_of(char unit) {
  switch (unit) {
    case 's':
      return kSecond;
    case 'm':
      return 60 * kSecond;
    case 'h':
      return 3600 * kSecond;
    case 'w':
      return 7 * kDay;
    default:
      return kDay;
  }
}

}  // namespace

std::optional<std::int64_t> read_number(std::string_view text) {
  std::int64_t factor = 1;
  if (!text.empty() && (text.back() == 'k' || text.back() == 'm')) {
    factor = text.back() == 'k' ? 1000 : 1'000'000;
    text.remove_suffix(1);
  }
  const auto value = digits(text);
  if (!value || *value > kMostNumber / factor) return std::nullopt;
  return *value * factor;
}

std::optional<Moment> read_moment(std::string_view text, char& sign) {
  Moment moment;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    sign = text.front();
    moment.relative = true;
    moment.unit = text.back();
    if (text.size() < 3 || std::string_view("smhdw").find(moment.unit) == std::string_view::npos) return std::nullopt;
    const auto amount = digits(text.substr(1, text.size() - 2));
    if (!amount || *amount > kMostAmount) return std::nullopt;
    moment.amount = *amount;
    return moment;
  }
  constexpr std::size_t kDateLength = 10;
  moment.whole_day = text.size() == kDateLength;
  const auto at = nodes::parse_rfc3339(moment.whole_day ? std::string(text) + "T00:00:00Z" : std::string(text));
  if (!at || *at < 0 || *at >= kEnd) return std::nullopt;
  moment.at = *at - *at % kSecond;
  return moment;
}

std::string moment_text(const Moment& moment) {
  if (moment.relative) return fmt::format("-{}{}", moment.amount, moment.unit);
  if (moment.whole_day) return nodes::utc_day(moment.at);
  return nodes::rfc3339_millis(moment.at);
}

UnixMicros Moment::start(UnixMicros now) const {
  return relative ? now - amount * length_of(unit) : at;
}

UnixMicros Moment::end(UnixMicros now) const {
  if (relative) return start(now);
  return at + (whole_day ? kDay : kSecond);
}

}  // namespace mesher::query
