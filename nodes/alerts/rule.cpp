#include "nodes/alerts/rule.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mesher::nodes::alerts {
namespace {

constexpr std::array<std::string_view, 8> kNames{"event_count", "event_rate", "user_count", "percent_change",
                                                 "new_issue",   "regression", "escalation", "new_release"};

}  // namespace

std::string_view name_of(Kind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kind_named(std::string_view name) {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<Kind>(at - kNames.begin());
}

std::string per_text(const Condition& condition) {
  switch (condition.per) {
    case Per::issue:
      return "issue";
    case Per::tag:
      return "tag:" + condition.tag;
    case Per::project:
      break;
  }
  return "project";
}

bool read_per(std::string_view text, Condition& condition) {
  condition.tag.clear();
  if (text == "project") {
    condition.per = Per::project;
  } else if (text == "issue") {
    condition.per = Per::issue;
  } else if (text.starts_with("tag:") && text.size() > 4) {
    condition.per = Per::tag;
    condition.tag = text.substr(4);
  } else {
    return false;
  }
  return true;
}

std::int64_t crossing_count(const Condition& condition) {
  double count = condition.threshold;
  if (condition.kind == Kind::event_rate) count = count * static_cast<double>(condition.window_seconds) / 60;
  // A rate that multiplies to 9.9999999 means 10.
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(count - 1e-6)));
}

double value_of(const Condition& condition, std::int64_t count) {
  const auto value = static_cast<double>(count);
  if (condition.kind != Kind::event_rate) return value;
  return value * 60 / static_cast<double>(condition.window_seconds);
}

std::int64_t quiet_count(const Condition& condition) {
  const auto crossing = crossing_count(condition);
  return crossing - crossing / 5;
}

}  // namespace mesher::nodes::alerts
