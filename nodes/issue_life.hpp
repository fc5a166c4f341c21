#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"

/// The states of an issue and what moves it from one to another, as pure functions: what people ask for becomes an
/// IssueLife that is stored beside the state (issues.life, JSON), and the transaction that stores events measures them
/// against it, under the lock of the issue's row.
///
///   unresolved: new, ongoing, regressed, escalating
///   resolved:   (no sub-state)
///   archived:   archived_forever, archived_until_condition, archived_until_escalating
namespace mesher::nodes {

/// A new, regressed or escalating issue is ongoing after this long.
constexpr UnixMicros kFreshFor = UnixMicros{7} * 24 * 3600 * 1'000'000;

/// Events of the last `seconds`, counted in 60 steps: what is older than `seconds` is never counted, and of the window
/// at most the oldest sixtieth is missing.
class RateWindow {
 public:
  static constexpr std::int64_t kSteps = 60;
  RateWindow() = default;
  explicit RateWindow(std::int64_t seconds) : step_(seconds * 1'000'000 / kSteps) {}

  void add(UnixMicros at);
  [[nodiscard]] std::int64_t total(UnixMicros now) const;
  [[nodiscard]] bool used() const { return step_ > 0; }

 private:
  friend struct IssueLife;
  UnixMicros step_ = 0;
  std::int64_t last_ = 0;             // the step of counts_.back(), in steps since 1970
  std::vector<std::int64_t> counts_;  // of consecutive steps
};

/// What an issue waits for. Everything is optional; what comes first decides.
struct IssueLife {
  /// What was asked for, as JSON, to be shown: {"in":"next_release"} or {"events":100,"window_seconds":3600}.
  std::string asked;

  // Resolved in the next release: releases up to `after_release` (an id of table releases) were known then.
  bool next_release = false;
  std::int64_t after_release = 0;
  std::string reference;  ///< the highest of them by version; empty if none has one

  // Archived until …
  std::optional<std::int64_t> event_count;  ///< the issue has so many
  std::optional<std::int64_t> user_count;
  std::optional<UnixMicros> time;
  std::int64_t window_events = 0;  ///< so many in the window
  std::int64_t window_seconds = 0;
  bool escalating = false;
  double usual = 0;        ///< events an hour, over the last week
  bool rearchive = false;  ///< archive it again when it is quiet
  RateWindow window, hour;

  [[nodiscard]] std::string to_json() const;
  /// Nothing if it is not of that form.
  static std::optional<IssueLife> from_json(std::string_view json);
};

/// Events an hour above which an issue escalates: ten times the usual, and not less than 20, so that an issue with an
/// event now and then does not come back for a handful.
[[nodiscard]] double escalation_threshold(double usual);
/// Events an hour below which it is quiet again: half of that, so that an issue at the threshold does not flap.
[[nodiscard]] double quiet_threshold(double usual);

/// An event, as far as the life of its issue depends on it.
struct LifeEvent {
  UnixMicros received = 0;
  std::string_view release;
  std::int64_t release_id = 0;  ///< 0: not seen before
};

struct IssueState {
  std::string status, substatus;
  std::optional<IssueLife> life;
};

enum class LifeStep : std::uint8_t { none, regressed, escalating, unarchived, archived_again, aged };

/// What becomes of an issue.
struct LifeDecision {
  LifeStep step = LifeStep::none;
  bool store_life = false;            ///< `state.life` has changed and must be stored
  IssueState state;                   ///< from now on
  std::optional<UnixMicros> wake_at;  ///< when to call decide_on_waking(); only if `step` is not none
  std::string reason;                 ///< of unarchiving: "events", "window", "users", "time"
  std::size_t event = 0;              ///< of a regression: which of the events
  double hourly = 0, usual = 0;       ///< of an escalation and its end
};

/// `events` of one transaction, in the order of reception, and what the issue counts with them.
[[nodiscard]] LifeDecision decide_on_events(IssueState state, std::span<const LifeEvent> events,
                                            std::int64_t event_count, std::int64_t user_count, UnixMicros now);

/// Called when the issue's wake_at has come. `hourly`: the larger of the events in this clock hour and in the one
/// before; `usual`: events an hour over the last week.
[[nodiscard]] LifeDecision decide_on_waking(IssueState state, double hourly, double usual, UnixMicros now);

/// False for releases that were there when the issue was resolved in the next one.
[[nodiscard]] bool is_next_release(const IssueLife& life, const LifeEvent& event);

}  // namespace mesher::nodes
