#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "graph/base/clock.hpp"
#include "nodes/event.hpp"

/// What an alert rule says, and what comes of it. Plain data.
namespace mesher::nodes::alerts {

enum class Kind : std::uint8_t {
  event_count,     ///< at least `threshold` events in the window
  event_rate,      ///< at least `threshold` events a minute, over the window
  user_count,      ///< events of at least `threshold` different users in the window
  percent_change,  ///< the window's events are `threshold` percent more (or, below 0, fewer) than a day or week ago
  new_issue,
  regression,
  escalation,
  new_release,
};
[[nodiscard]] std::string_view name_of(Kind kind);
[[nodiscard]] std::optional<Kind> kind_named(std::string_view name);
/// It is about what happens at one moment, not about a window.
[[nodiscard]] constexpr bool is_moment(Kind kind) {
  return kind >= Kind::new_issue;
}

enum class Per : std::uint8_t { project, issue, tag };

struct Condition {
  Kind kind = Kind::event_count;
  double threshold = 0;
  std::int64_t window_seconds = 0;
  Per per = Per::project;
  std::string tag;                ///< of Per::tag; also "environment" and "release"
  std::int64_t against_days = 0;  ///< of percent_change: 1 or 7
  friend bool operator==(const Condition&, const Condition&) = default;
};

/// "project", "issue", "tag:region".
[[nodiscard]] std::string per_text(const Condition& condition);
/// Nothing if `text` is none of these.
[[nodiscard]] bool read_per(std::string_view text, Condition& condition);

/// So many events (or users) in the window fulfil it.
[[nodiscard]] std::int64_t crossing_count(const Condition& condition);
/// What a count of the window is in the unit of the threshold.
[[nodiscard]] double value_of(const Condition& condition, std::int64_t count);
/// An alert whose window holds fewer than this is over: a fifth below the threshold, so that a figure at the threshold
/// does not flap.
[[nodiscard]] std::int64_t quiet_count(const Condition& condition);

// Bounds of what a rule may say.
constexpr std::int64_t kLongestWindow = 24 * 3600;
constexpr std::int64_t kMostUsers = 10'000;
constexpr double kMostEvents = 1e9;
constexpr std::int64_t kLongestCooldown = 30 * 24 * 3600;
/// An alert about a moment is over after so long, or when its issue is not unresolved any more.
constexpr std::int64_t kMomentSeconds = 24 * 3600;

struct Rule {
  std::uint32_t project_id = 0;
  std::int64_t id = 0;
  Condition condition;
  std::string filter;  ///< as written; parses in query::Scope::stream
  std::int64_t cooldown_seconds = 0;
};

/// A rule's condition has come true for a key.
struct Firing {
  std::uint32_t project_id = 0;
  std::int64_t rule_id = 0;
  std::string key;
  std::int64_t issue_id = 0;  ///< 0: about none
  std::optional<EventId> event_id;
  double value = 0, threshold = 0;
  UnixMicros at = 0;
};

/// An alert that is open, or whose rule cools down.
struct Known {
  std::int64_t rule_id = 0;
  std::string key;
  bool open = false;
  UnixMicros triggered_at = 0;
};

}  // namespace mesher::nodes::alerts
