#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nodes/alerts/commit_gate.hpp"
#include "nodes/alerts/rule.hpp"

/// Decides which rules the events of a transaction set off. It is asked by whoever stores events, within the
/// transaction that stores them, so that what fires is stored with what made it fire, or not at all: a crossing fires
/// once, whatever is killed, repeated or reconfigured. The windows are in memory; after a start, and when a rule is
/// new, they are filled from what is stored (Engine::new_windows, fill).
///
/// Rules of a project that look at the same filter, window and key share one window; a filter is evaluated once an
/// event. All windows of a process together hold at most kMostUnits; beyond that a window makes room among its own
/// keys, the longest unseen first. Any thread.
namespace mesher::nodes::alerts {

class ProjectRules;
struct WindowState;

/// What one transaction stores.
struct Happening {
  struct Issue {
    std::uint32_t project_id = 0;
    std::int64_t issue_id = 0;
    bool is_new = false, regressed = false, escalating = false;
  };
  struct Release {
    std::uint32_t project_id = 0;
    std::string_view version;
    UnixMicros at = 0;
  };
  std::span<Event* const> events;     ///< those of a project side by side
  std::span<const Issue> issues;      ///< to which something has happened
  std::span<const Release> releases;  ///< seen for the first time
};

/// What a transaction counts for, until it is known whether it is stored: keep() if so; otherwise its end takes back
/// what was counted. While it lives, no rules are exchanged, so end it soon.
class Counted {
 public:
  Counted();
  ~Counted();
  Counted(Counted&& other) noexcept;
  Counted& operator=(Counted&& other) noexcept;

  std::vector<Firing> firings;  ///< to be stored

  /// The transaction is stored.
  void keep();
  /// Rules may be exchanged from now on, although it is not known what became of the transaction.
  void leave_gate();

 private:
  friend class Engine;
  friend class ProjectRules;
  struct Undo;
  void take_back();

  CommitGate* gate_ = nullptr;
  std::vector<Undo> undo_;
};

class Engine {
 public:
  static constexpr std::size_t kMostUnits = 2'000'000;  ///< a key takes kUnitsOfKey, a user one: about 100 MB
  static constexpr std::size_t kUnitsOfKey = 8;
  static constexpr std::size_t kMostKeysOfWindow = 10'000;

  Engine();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Counts what a transaction is about to store and says what it sets off.
  [[nodiscard]] Counted count(const Happening& happening);

  /// Whether a rule of the project waits for what happens to releases: then the store finds out which are new.
  [[nodiscard]] bool awaits_releases(std::uint32_t project_id) const;

  /// A window to be filled from what is stored: counts of the past, by key.
  struct WindowKey {
    std::uint32_t project_id = 0;
    bool users = false;
    Per per = Per::project;
    std::string tag;
    std::int64_t window_seconds = 0;
    std::string filter;  ///< canonical form
    [[nodiscard]] std::string text() const;
  };
  struct Past {
    std::string key;         ///< the issue's id or the tag's value; empty: the project
    std::uint64_t user = 0;  ///< of windows of users
    UnixMicros at = 0;
    std::uint32_t count = 1;
  };

  /// Exchanges the rules of a project; windows that old and new rules look at stay as they are. `known`: alerts that
  /// are open, or were triggered so lately that their rule cools down. Answers with the windows that are new: they
  /// count from now on, and are asked when filled. Inside shut() … open() if a snapshot of the past belongs to it.
  std::vector<WindowKey> exchange(std::uint32_t project_id, std::span<const Rule> rules, std::span<const Known> known);
  /// Adds the past to a new window, which is asked from now on.
  void fill(const WindowKey& window, std::span<const Past> past);

  /// Only what is known of alerts has changed.
  void learn(std::uint32_t project_id, std::span<const Known> known);

  CommitGate& gate() { return gate_; }

  /// What fires although no event comes: windows that were over a threshold when they were filled, and cooldowns that
  /// have ended meanwhile. Marks them as open, as count() does; what is then not stored: call learn().
  [[nodiscard]] std::vector<Firing> overdue(UnixMicros now);

  /// Open alerts about windows that have become quiet. Windows that are not filled yet answer nothing.
  struct Quiet {
    std::uint32_t project_id = 0;
    std::int64_t rule_id = 0;
    std::string key;
  };
  [[nodiscard]] std::vector<Quiet> quiet(UnixMicros now);

  /// Events in a window of a rule of percent_change; nothing while it is not filled.
  [[nodiscard]] std::optional<std::int64_t> count_of(std::uint32_t project_id, std::int64_t rule_id, UnixMicros now);

  [[nodiscard]] std::size_t units() const;

 private:
  [[nodiscard]] std::shared_ptr<ProjectRules> rules_of(std::uint32_t project_id) const;
  [[nodiscard]] std::vector<std::shared_ptr<ProjectRules>> all_rules() const;

  CommitGate gate_;
  std::shared_ptr<std::atomic<std::size_t>> units_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint32_t, std::shared_ptr<ProjectRules>> projects_;  // guarded by mutex_
};

}  // namespace mesher::nodes::alerts
