#include "graph/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace mesher::graph {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr std::array kByteUnits{Unit{"TiB", 1LL << 40}, Unit{"GiB", 1LL << 30}, Unit{"MiB", 1LL << 20},
                                Unit{"KiB", 1LL << 10}, Unit{"B", 1}};
constexpr std::array kDecimalByteUnits{Unit{"TB", 1'000'000'000'000}, Unit{"GB", 1'000'000'000}, Unit{"MB", 1'000'000},
                                       Unit{"kB", 1'000}, Unit{"KB", 1'000}};
constexpr std::array kTimeUnits{Unit{"d", 86'400'000'000}, Unit{"h", 3'600'000'000}, Unit{"min", 60'000'000},
                                Unit{"s", 1'000'000},      Unit{"ms", 1'000},        Unit{"us", 1}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// Splits "1.5 MiB" into 1.5 and "MiB". False if there is no finite number of zero or more in front.
bool split(std::string_view text, double& number, std::string_view& unit) {
  text = trimmed(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number) || number < 0 || std::signbit(number)) return false;
  unit = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  return true;
}

Result<std::int64_t> scaled(double number, std::int64_t factor, const Error& wrong) {
  const double value = number * static_cast<double>(factor);
  if (value > 9.0e18) return Error{wrong.code, "too large: " + wrong.message, wrong.hint};
  return static_cast<std::int64_t>(std::llround(value));
}

template <std::size_t N>
std::string formatted(std::int64_t value, const std::array<Unit, N>& units) {
  for (const auto& unit : units) {
    if (value != 0 && value % unit.factor == 0) return fmt::format("{} {}", value / unit.factor, unit.name);
  }
  return fmt::format("{} {}", value, units.back().name);
}

}  // namespace

Result<std::int64_t> parse_bytes(std::string_view text) {
  const Error wrong{ErrorCode::invalid, fmt::format("`{}` is not a size", text), "write a size as \"4 MiB\""};
  double number = 0;
  std::string_view unit;
  if (!split(text, number, unit)) return wrong;
  if (unit.empty()) return scaled(number, 1, wrong);
  for (const auto& u : kByteUnits) {
    if (same_ignoring_case(unit, u.name)) return scaled(number, u.factor, wrong);
  }
  for (const auto& u : kDecimalByteUnits) {
    if (same_ignoring_case(unit, u.name)) return scaled(number, u.factor, wrong);
  }
  return wrong;
}

Result<std::int64_t> parse_duration(std::string_view text) {
  const Error wrong{ErrorCode::invalid, fmt::format("`{}` is not a duration", text),
                    "write a duration as \"250 ms\", \"5 s\", \"10 min\" or \"1 h\""};
  double number = 0;
  std::string_view unit;
  if (!split(text, number, unit)) return wrong;
  if (unit.empty() && number == 0) return std::int64_t{0};
  if (unit == "m") unit = "min";
  if (unit == "µs") unit = "us";
  for (const auto& u : kTimeUnits) {
    if (unit == u.name) return scaled(number, u.factor, wrong);
  }
  return wrong;
}

std::string format_bytes(std::int64_t bytes) {
  return formatted(bytes, kByteUnits);
}

std::string format_duration(std::int64_t micros) {
  return micros == 0 ? "0 s" : formatted(micros, kTimeUnits);
}

}  // namespace mesher::graph
