#include "io/postgres/rows.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <chrono>

#include "graph/base/assert.hpp"

namespace mesher::postgres {
namespace {

const PGresult* result_of(const std::shared_ptr<const void>& result) {
  return static_cast<const PGresult*>(result.get());
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Reads digits at the front of `text` and removes them, with one character behind them.
std::int64_t take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return 0;
  text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(end - text.data()) + 1));
  return value;
}

}  // namespace

std::size_t Rows::size() const {
  return result_ ? static_cast<std::size_t>(PQntuples(result_of(result_))) : 0;
}

std::uint64_t Rows::affected() const {
  if (!result_) return 0;
  const std::string_view text = PQcmdTuples(const_cast<PGresult*>(result_of(result_)));
  std::uint64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

bool Rows::is_null(std::size_t row, int column) const {
  MESHER_ASSERT(row < size() && column < PQnfields(result_of(result_)));
  return PQgetisnull(result_of(result_), static_cast<int>(row), column) != 0;
}

std::string_view Rows::text(std::size_t row, int column) const {
  MESHER_ASSERT(row < size() && column < PQnfields(result_of(result_)));
  const auto* result = result_of(result_);
  const auto length = static_cast<std::size_t>(PQgetlength(result, static_cast<int>(row), column));
  return {PQgetvalue(result, static_cast<int>(row), column), length};
}

std::int64_t Rows::integer(std::size_t row, int column) const {
  const auto cell = text(row, column);
  std::int64_t value = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

double Rows::real(std::size_t row, int column) const {
  const auto cell = text(row, column);
  double value = 0;
  std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return value;
}

bool Rows::boolean(std::size_t row, int column) const {
  return text(row, column) == "t";
}

UnixMicros Rows::time(std::size_t row, int column) const {
  return timestamp_from(text(row, column));
}

std::string Rows::bytes(std::size_t row, int column) const {
  return bytes_from_hex(text(row, column));
}

std::vector<std::string> Rows::array(std::size_t row, int column) const {
  std::vector<std::string> elements;
  auto rest = text(row, column);
  if (rest.size() < 2 || rest.front() != '{') return elements;
  rest = rest.substr(1, rest.size() - 2);
  while (!rest.empty()) {
    std::string element;
    if (rest.front() == '"') {
      std::size_t i = 1;
      for (; i < rest.size() && rest[i] != '"'; ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        element += rest[i];
      }
      rest.remove_prefix(std::min(rest.size(), i + 1));
    } else {
      element = rest.substr(0, rest.find(','));
      rest.remove_prefix(element.size());
      if (element == "NULL") element.clear();
    }
    elements.push_back(std::move(element));
    if (!rest.empty()) rest.remove_prefix(1);  // the comma
  }
  return elements;
}

std::string timestamp_text(UnixMicros time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const hh_mm_ss clock{point - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

UnixMicros timestamp_from(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 19) return 0;
  const auto years = take_number(text), months = take_number(text), day = take_number(text);
  const auto hour = take_number(text), minute = take_number(text);
  std::int64_t second = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), second);
  if (error != std::errc()) return 0;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  std::int64_t micros = 0;
  if (!text.empty() && text.front() == '.') {
    std::int64_t unit = 100'000;
    for (text.remove_prefix(1); !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
      micros += unit * (text.front() - '0');
      unit /= 10;
    }
  }
  const sys_days date = year(static_cast<int>(years)) / static_cast<int>(months) / static_cast<int>(day);
  const auto seconds_of_day = (hour * 60 + minute) * 60 + second;
  return (static_cast<std::int64_t>(date.time_since_epoch().count()) * 86'400 + seconds_of_day) * 1'000'000 + micros;
}

std::string date_text(std::int64_t days_since_epoch) {
  return timestamp_text(days_since_epoch * 86'400'000'000).substr(0, 10);
}

std::string bytes_from_hex(std::string_view text) {
  if (!text.starts_with("\\x")) return {};
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace mesher::postgres
