#include "nodes/alerts/preview.hpp"

#include <algorithm>
#include <unordered_map>

#include "nodes/alerts/window.hpp"

namespace mesher::nodes::alerts {
namespace {

constexpr UnixMicros kSecond = 1'000'000;
constexpr std::int64_t kLooksInWindow = 6;       // a comparison is looked at so often in a window's time, if …
constexpr UnixMicros kLeastLook = 60 * kSecond;  // … that is not more often than this

/// Whether a rule may fire for a key.
struct Latch {
  bool open = false;
  UnixMicros triggered_at = 0;

  bool fires(const Rule& rule, UnixMicros at) {
    if (open || (triggered_at != 0 && at < triggered_at + rule.cooldown_seconds * kSecond)) return false;
    open = true;
    triggered_at = at;
    return true;
  }
};

std::string key_of(const Condition& condition, const std::string& name) {
  if (condition.per == Per::issue) return "issue:" + name;
  return condition.per == Per::tag ? condition.tag + ":" + name : "project";
}

}  // namespace

std::vector<WouldFire> play(const Rule& rule, std::span<const Engine::Past> past) {
  struct Key {
    CountWindow counts;
    UserWindow users;
    Latch latch;
  };
  const auto& condition = rule.condition;
  const auto step = step_of(condition.window_seconds);
  const auto crossing = crossing_count(condition);
  const bool users = condition.kind == Kind::user_count;
  std::unordered_map<std::string, Key> keys;
  std::vector<WouldFire> fired;
  for (const auto& one : past) {
    auto& key = keys[one.key];
    const auto before = users ? key.users.total(one.at, step) : key.counts.total(one.at, step);
    if (before < quiet_count(condition)) key.latch.open = false;
    const auto total = users ? key.users.add(one.user, one.at, step, static_cast<std::size_t>(crossing))
                             : key.counts.add(one.at, step, one.count);
    if (total >= crossing && key.latch.fires(rule, one.at)) {
      fired.push_back({one.at, key_of(condition, one.key), value_of(condition, total)});
    }
  }
  return fired;
}

std::vector<WouldFire> play_comparison(const Rule& rule, std::span<const Engine::Past> past, UnixMicros from,
                                       UnixMicros to) {
  const auto& condition = rule.condition;
  const auto window = condition.window_seconds * kSecond;
  const auto back = condition.against_days * 86'400 * kSecond;
  std::vector<std::int64_t> sums{0};
  for (const auto& one : past) sums.push_back(sums.back() + one.count);
  const auto count_before = [&](UnixMicros at) {
    const auto place = std::partition_point(past.begin(), past.end(), [&](const auto& one) { return one.at < at; });
    return sums[static_cast<std::size_t>(place - past.begin())];
  };
  std::vector<WouldFire> fired;
  Latch latch;
  const bool rises = condition.threshold > 0;
  for (auto at = from; at <= to; at += std::max(kLeastLook, window / kLooksInWindow)) {
    const auto now = count_before(at) - count_before(at - window);
    const auto then = count_before(at - back) - count_before(at - back - window);
    if (then == 0) continue;
    const auto change = 100.0 * static_cast<double>(now - then) / static_cast<double>(then);
    const auto quiet = condition.threshold * 0.8;
    if (rises ? change < quiet : change > quiet) latch.open = false;
    if ((rises ? change >= condition.threshold : change <= condition.threshold) && latch.fires(rule, at)) {
      fired.push_back({at, "project", change});
    }
  }
  return fired;
}

}  // namespace mesher::nodes::alerts
