#include "nodes/release_order.hpp"

#include <algorithm>
#include <charconv>

namespace mesher::nodes {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes digits off the front; nothing if there are none or too many.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || text.empty() || !is_digit(text.front())) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool is_numeric(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view without_zeros(std::string_view digits) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits;
}

int compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_number = is_numeric(a), b_number = is_numeric(b);
  if (a_number != b_number) return a_number ? -1 : 1;
  if (!a_number) return a.compare(b);
  a = without_zeros(a);
  b = without_zeros(b);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

std::string_view take_identifier(std::string_view& list) {
  const auto dot = std::min(list.find('.'), list.size());
  const auto first = list.substr(0, dot);
  list.remove_prefix(std::min(dot + 1, list.size()));
  return first;
}

int compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return static_cast<int>(a.empty()) - static_cast<int>(b.empty());
  while (!a.empty() && !b.empty()) {
    const int order = compare_identifiers(take_identifier(a), take_identifier(b));
    if (order != 0) return order;
  }
  return static_cast<int>(b.empty()) - static_cast<int>(a.empty());
}

}  // namespace

std::optional<ReleaseVersion> parse_release(std::string_view name) {
  ReleaseVersion version;
  if (const auto at = name.rfind('@'); at != std::string_view::npos) {
    version.package = name.substr(0, at);
    name.remove_prefix(at + 1);
  }
  if (name.size() > 1 && (name.front() == 'v' || name.front() == 'V') && is_digit(name[1])) name.remove_prefix(1);
  std::size_t count = 0;
  while (count < version.numbers.size()) {
    const auto number = take_number(name);
    if (!number) return std::nullopt;
    version.numbers[count++] = *number;
    if (name.empty() || name.front() != '.') break;
    name.remove_prefix(1);
  }
  if (count < 2) return std::nullopt;
  if (!name.empty() && name.front() == '-') {
    name.remove_prefix(1);
    version.prerelease = name.substr(0, name.find('+'));
    if (version.prerelease.empty()) return std::nullopt;
    name.remove_prefix(version.prerelease.size());
  }
  if (!name.empty() && name.front() != '+') return std::nullopt;
  return version;
}

int compare_releases(const ReleaseVersion& a, const ReleaseVersion& b) {
  if (a.numbers != b.numbers) return a.numbers < b.numbers ? -1 : 1;
  return compare_prereleases(a.prerelease, b.prerelease);
}

}  // namespace mesher::nodes
