#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "nodes/alerts/engine.hpp"
#include "nodes/alerts/window_state.hpp"
#include "nodes/query/match.hpp"

/// For the sources of this folder.
namespace mesher::nodes::alerts {

/// What a transaction has to take back if it is not stored.
struct Counted::Undo {
  std::shared_ptr<ProjectRules> rules;
  struct Count {
    std::shared_ptr<WindowState> window;
    std::uint64_t hash = 0, user = 0;
    UnixMicros at = 0, user_before = 0;
    std::uint32_t count = 0;
  };
  struct Fired {
    std::int64_t rule_id = 0;
    std::string key;
    UnixMicros triggered_before = 0;
  };
  std::vector<Count> counts;
  std::vector<Fired> fired;
};

/// The rules of one project, made ready, with what they have seen.
class ProjectRules {
 public:
  explicit ProjectRules(std::uint32_t project_id) : project_id_(project_id) {}

  /// See Engine. All lock.
  std::vector<Engine::WindowKey> exchange(std::span<const Rule> rules, std::span<const Known> known,
                                          const std::shared_ptr<std::atomic<std::size_t>>& units);
  void learn(std::span<const Known> known);
  void fill(const Engine::WindowKey& key, std::span<const Engine::Past> past);
  void count(const Happening& happening, Counted::Undo& undo, std::vector<Firing>& firings);
  void take_back(const Counted::Undo& undo);
  void overdue(UnixMicros now, std::vector<Firing>& firings);
  void quiet(UnixMicros now, std::vector<Engine::Quiet>& quiet);
  std::optional<std::int64_t> count_of(std::int64_t rule_id, UnixMicros now);
  [[nodiscard]] bool awaits_releases();

 private:
  struct KeyState {
    bool open = false;
    UnixMicros triggered_at = 0;
  };
  struct LiveRule {
    Rule rule;
    std::int64_t crossing = 0;
    std::size_t filter = 0;
    std::unordered_map<std::string, KeyState> keys;
  };
  struct LiveWindow {
    std::shared_ptr<WindowState> state;
    std::size_t filter = 0;
    std::vector<std::size_t> rules;  ///< by threshold; without those of percent_change, which have a clock of their own
  };
  struct Filter {
    std::string text;  ///< canonical; empty: everything passes
    std::optional<query::Matcher> matcher;
  };
  struct Batch;

  std::size_t filter_of(const std::string& text);
  void forget_the_future(UnixMicros now);
  void apply(std::span<const Known> known);
  void count_window(LiveWindow& window, const Batch& batch, Counted::Undo& undo, std::vector<Firing>& firings);
  void ask(const LiveWindow& window, WindowState::Entry& entry, std::int64_t total, UnixMicros at, const Event* event,
           Counted::Undo* undo, std::vector<Firing>& firings);
  void count_moments(const Happening& happening, const Batch& batch, Counted::Undo& undo, std::vector<Firing>& firings);
  bool fire(LiveRule& rule, const std::string& key, UnixMicros at, Counted::Undo* undo, KeyState** state);

  const std::uint32_t project_id_;
  std::mutex mutex_;  // guards all below
  std::uint64_t generation_ = 1;
  UnixMicros latest_ = 0;  // reception of the latest event
  std::vector<Filter> filters_;
  std::vector<LiveRule> rules_;
  std::unordered_map<std::int64_t, std::size_t> places_;  // rule id -> place in rules_
  std::vector<LiveWindow> windows_;
  std::vector<std::size_t> moments_;  // rules about moments
  bool awaits_releases_ = false;
};

}  // namespace mesher::nodes::alerts
