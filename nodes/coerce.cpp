#include "nodes/coerce.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace mesher::nodes {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr UnixMicros kFirst = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr UnixMicros kLast = 253'402'300'799;   // 9999-12-31T23:59:59Z

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant's days_from_civil).
std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  y -= m <= 2 ? 1 : 0;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const auto yoe = static_cast<unsigned>(y - era * 400);
  const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

unsigned days_in_month(int year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

/// Reads a text from left to right.
struct Reader {
  std::string_view text;
  std::size_t at = 0;
  bool good = true;

  [[nodiscard]] bool done() const { return at == text.size(); }
  [[nodiscard]] char peek() const { return at < text.size() ? text[at] : '\0'; }
  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at) {
      if (!is_digit(peek())) {
        good = false;
        return 0;
      }
      value = value * 10 + (text[at] - '0');
    }
    return value;
  }
  void expect(char c) {
    if (peek() == c) {
      ++at;
    } else {
      good = false;
    }
  }
};

/// `.123456789`: microseconds, further digits are cut.
std::int64_t fraction(Reader& in) {
  if (in.peek() != '.' && in.peek() != ',') return 0;
  ++in.at;
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  if (!is_digit(in.peek())) in.good = false;
  for (; is_digit(in.peek()); ++in.at, unit /= 10) micros += unit * (in.peek() - '0');
  return micros;
}

/// `Z`, `+02:00`, `+0200`, `+02` or nothing: seconds to subtract.
std::int64_t offset(Reader& in) {
  if (in.done()) return 0;
  const char sign = in.peek();
  ++in.at;
  if (sign == 'Z' || sign == 'z') return 0;
  if (sign != '+' && sign != '-') {
    in.good = false;
    return 0;
  }
  const int hours = in.number(2);
  int minutes = 0;
  if (!in.done()) {
    if (in.peek() == ':') ++in.at;
    minutes = in.number(2);
  }
  if (hours > 23 || minutes > 59) in.good = false;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return sign == '+' ? seconds : -seconds;
}

}  // namespace

std::optional<UnixMicros> parse_rfc3339(std::string_view text) {
  Reader in{text};
  const int year = in.number(4);
  in.expect('-');
  const int month = in.number(2);
  in.expect('-');
  const int day = in.number(2);
  if (!in.good || year < 1 || month < 1 || month > 12) return std::nullopt;
  const auto month_number = static_cast<unsigned>(month);
  if (day < 1 || static_cast<unsigned>(day) > days_in_month(year, month_number)) return std::nullopt;
  const char separator = in.peek();
  if (separator != 'T' && separator != 't' && separator != ' ') return std::nullopt;
  ++in.at;
  const int hour = in.number(2);
  in.expect(':');
  const int minute = in.number(2);
  in.expect(':');
  const int second = in.number(2);
  const auto micros = fraction(in);
  const auto zone = offset(in);
  if (!in.good || !in.done() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto days = days_from_civil(year, month_number, static_cast<unsigned>(day));
  const auto seconds = days * 86400 + hour * 3600 + minute * 60 + std::min(second, 59) - zone;  // a leap second repeats
  return seconds * kSecond + micros;
}

std::optional<UnixMicros> parse_unix_seconds(std::string_view number) {
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), whole);
  if (error == std::errc() && end == number.data() + number.size()) {
    if (whole < kFirst || whole > kLast) return std::nullopt;
    return whole * kSecond;
  }
  double seconds = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (parsed.ec != std::errc() || parsed.ptr != number.data() + number.size()) return std::nullopt;
  if (!(seconds >= static_cast<double>(kFirst)) || !(seconds <= static_cast<double>(kLast))) return std::nullopt;
  return static_cast<UnixMicros>(std::llround(seconds * 1e6));
}

std::optional<Level> level_number(std::string_view number) {
  if (number == "10") return Level::debug;
  if (number == "20") return Level::info;
  if (number == "30") return Level::warning;
  if (number == "40") return Level::error;
  if (number == "50") return Level::fatal;
  return std::nullopt;
}

std::uint32_t to_u32(std::string_view text) {
  std::uint32_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() ? value : 0;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::size_t characters(std::string_view utf8) {
  std::size_t n = 0;
  for (const char c : utf8) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return n;
}

std::string_view first_characters(std::string_view utf8, std::size_t n) {
  if (utf8.size() <= n) return utf8;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if ((static_cast<unsigned char>(utf8[i]) & 0xC0) == 0x80) continue;
    if (n-- == 0) return utf8.substr(0, i);
  }
  return utf8;
}

std::size_t url_path_start(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2 || colon > 32 || text.compare(colon, 3, "://") != 0) return 0;
  const auto scheme = text.substr(0, colon);
  const bool good = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  return good ? std::min(text.find_first_of("/?#", colon + 3), text.size()) : 0;
}

std::string_view url_path(std::string_view text) {
  const std::size_t start = url_path_start(text);
  if (start == 0) return {};
  const auto path = text.substr(start);
  return path.substr(0, path.find_first_of("?#"));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_ip_address(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof(buffer)) return false;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  in6_addr address{};
  return inet_pton(AF_INET, buffer, &address) == 1 || inet_pton(AF_INET6, buffer, &address) == 1;
}

}  // namespace mesher::nodes
