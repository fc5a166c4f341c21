#include "nodes/alerts/project_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "nodes/query/parse.hpp"

namespace mesher::nodes::alerts {
namespace {

constexpr UnixMicros kNever = std::numeric_limits<UnixMicros>::max();
// Servers' clocks may differ by so much before a time counts as one of a clock that was set back since.
constexpr UnixMicros kClockSlack = 60'000'000;

std::string key_text(const Engine::WindowKey& window, const std::string& name) {
  switch (window.per) {
    case Per::issue:
      return "issue:" + name;
    case Per::tag:
      return window.tag + ":" + name;
    case Per::project:
      break;
  }
  return "project";
}

/// The name of a key within its window.
std::string_view name_in_key(const Engine::WindowKey& window, std::string_view key) {
  switch (window.per) {
    case Per::issue:
      return key.substr(std::min<std::size_t>(key.size(), 6));
    case Per::tag:
      return key.substr(std::min(key.size(), window.tag.size() + 1));
    case Per::project:
      break;
  }
  return {};
}

std::string_view tag_value(const Event& event, const std::string& key) {
  if (key == "environment") return event.environment;
  if (key == "release") return event.release;
  for (const auto& tag : event.tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}

std::uint64_t user_of(const Event& event) {
  const auto key = event.user.key();
  return key.empty() ? 0 : hash_of(key);
}

}  // namespace

/// A transaction's events of the project, and which filters they pass.
struct ProjectRules::Batch {
  std::span<Event* const> events;
  std::vector<std::uint32_t> by_time;
  std::vector<std::vector<std::uint32_t>> passing;  ///< by filter, in the order of time
};

// ---- exchange

std::size_t ProjectRules::filter_of(const std::string& text) {
  const auto found =
      std::find_if(filters_.begin(), filters_.end(), [&](const Filter& filter) { return filter.text == text; });
  if (found != filters_.end()) return static_cast<std::size_t>(found - filters_.begin());
  Filter filter{text, std::nullopt};
  const auto parsed = query::parse(text, query::Scope::stream);
  if (const auto* node = std::get_if<query::Node>(&parsed); node && !node->empty()) filter.matcher.emplace(*node);
  filters_.push_back(std::move(filter));
  return filters_.size() - 1;
}

std::vector<Engine::WindowKey> ProjectRules::exchange(std::span<const Rule> rules, std::span<const Known> known,
                                                      const std::shared_ptr<std::atomic<std::size_t>>& units) {
  const std::lock_guard lock(mutex_);
  std::unordered_map<std::string, std::shared_ptr<WindowState>> before;
  for (const auto& window : windows_) before.emplace(window.state->key.text(), window.state);
  std::vector<Engine::WindowKey> fresh;
  std::unordered_map<std::string, std::size_t> places;
  filters_.clear();
  rules_.clear();
  places_.clear();
  windows_.clear();
  moments_.clear();
  awaits_releases_ = false;
  ++generation_;
  for (const auto& rule : rules) {
    const auto parsed = query::parse(rule.filter, query::Scope::stream);
    const auto* node = std::get_if<query::Node>(&parsed);
    if (node == nullptr) continue;  // was checked when it was saved; the language has changed since
    LiveRule live{rule, crossing_count(rule.condition), 0, {}};
    live.rule.filter = query::print(*node);
    live.filter = filter_of(live.rule.filter);
    const auto place = rules_.size();
    const auto& condition = live.rule.condition;
    places_.emplace(rule.id, place);
    if (is_moment(condition.kind)) {
      moments_.push_back(place);
      awaits_releases_ = awaits_releases_ || condition.kind == Kind::new_release;
      rules_.push_back(std::move(live));
      continue;
    }
    Engine::WindowKey key{project_id_,   condition.kind == Kind::user_count, condition.per,
                          condition.tag, condition.window_seconds,           live.rule.filter};
    const auto [at, made] = places.try_emplace(key.text(), windows_.size());
    if (made) {
      const auto old = before.find(key.text());
      // One that could not be filled begins anew: its past is read once more, up to now.
      const bool kept = old != before.end() && old->second->filled;
      if (!kept) fresh.push_back(key);
      auto state = kept ? old->second : std::make_shared<WindowState>(key, units);
      state->most_users = 1;
      windows_.push_back({std::move(state), live.filter, {}});
    }
    auto& window = windows_[at->second];
    window.state->most_users = std::max(window.state->most_users, static_cast<std::size_t>(live.crossing));
    window.rules.push_back(place);
    rules_.push_back(std::move(live));
  }
  for (auto& window : windows_) {
    std::erase_if(window.rules, [&](auto r) { return rules_[r].rule.condition.kind == Kind::percent_change; });
    std::sort(window.rules.begin(), window.rules.end(),
              [&](auto a, auto b) { return rules_[a].crossing < rules_[b].crossing; });
  }
  apply(known);
  return fresh;
}

void ProjectRules::apply(std::span<const Known> known) {
  ++generation_;
  for (auto& rule : rules_) rule.keys.clear();
  for (const auto& alert : known) {
    const auto place = places_.find(alert.rule_id);
    if (place == places_.end()) continue;
    auto& state = rules_[place->second].keys[alert.key];
    state.open = state.open || alert.open;
    state.triggered_at = std::max(state.triggered_at, alert.triggered_at);
  }
}

void ProjectRules::learn(std::span<const Known> known) {
  const std::lock_guard lock(mutex_);
  apply(known);
}

void ProjectRules::fill(const Engine::WindowKey& key, std::span<const Engine::Past> past) {
  const std::lock_guard lock(mutex_);
  const auto text = key.text();
  const auto window = std::find_if(windows_.begin(), windows_.end(),
                                   [&](const LiveWindow& candidate) { return candidate.state->key.text() == text; });
  if (window == windows_.end() || window->state->filled) return;
  auto& state = *window->state;
  for (const auto& one : past) state.add(state.entry(hash_of(one.key), one.key), one.at, one.user, one.count);
  state.filled = true;
  ++generation_;
}

// ---- counting

bool ProjectRules::awaits_releases() {
  const std::lock_guard lock(mutex_);
  return awaits_releases_;
}

void ProjectRules::count(const Happening& happening, Counted::Undo& undo, std::vector<Firing>& firings) {
  const std::lock_guard lock(mutex_);
  if (rules_.empty()) return;
  Batch batch{happening.events, std::vector<std::uint32_t>(happening.events.size()), {}};
  std::iota(batch.by_time.begin(), batch.by_time.end(), 0);
  std::stable_sort(batch.by_time.begin(), batch.by_time.end(),
                   [&](auto a, auto b) { return batch.events[a]->received < batch.events[b]->received; });
  if (!batch.by_time.empty()) latest_ = std::max(latest_, batch.events[batch.by_time.back()]->received);
  batch.passing.resize(filters_.size());
  for (std::size_t f = 0; f < filters_.size(); ++f) {
    if (!filters_[f].matcher) {
      batch.passing[f] = batch.by_time;
      continue;
    }
    for (const auto i : batch.by_time) {
      if (filters_[f].matcher->matches(*batch.events[i])) batch.passing[f].push_back(i);
    }
  }
  for (auto& window : windows_) count_window(window, batch, undo, firings);
  if (!moments_.empty()) count_moments(happening, batch, undo, firings);
}

void ProjectRules::count_window(LiveWindow& window, const Batch& batch, Counted::Undo& undo,
                                std::vector<Firing>& firings) {
  auto& state = *window.state;
  const auto& passing = batch.passing[window.filter];
  const std::int64_t least =
      window.rules.empty() ? std::numeric_limits<std::int64_t>::max() : rules_[window.rules.front()].crossing;
  WindowState::Entry* entry = nullptr;
  std::uint64_t hash = 0;
  std::int64_t last_issue = 0;
  std::string_view last_value;
  // The store has events of an issue side by side: the fewer the keys change, the cheaper.
  std::vector<std::uint32_t> by_issue;
  if (state.key.per == Per::issue) {
    by_issue = passing;
    std::sort(by_issue.begin(), by_issue.end());
  }
  std::optional<std::size_t> noted;  // place in undo.counts of the same key and step
  for (const auto i : state.key.per == Per::issue ? by_issue : passing) {
    const Event& event = *batch.events[i];
    bool same = entry != nullptr;
    if (state.key.per == Per::issue) {
      same = same && event.issue_id == last_issue;
      last_issue = event.issue_id;
    } else if (state.key.per == Per::tag) {
      const auto value = tag_value(event, state.key.tag);
      if (value.empty()) continue;
      same = same && value == last_value;
      last_value = value;
    }
    if (!same) {
      const auto name = state.key.per == Per::issue ? fmt::format("{}", event.issue_id) : std::string(last_value);
      hash = hash_of(name);
      entry = &state.entry(hash, name);
      noted.reset();
    }
    const auto user = state.key.users ? user_of(event) : 0;
    if (state.key.users && user == 0) continue;
    const auto user_before = state.key.users ? entry->users->last_seen(user) : 0;
    const auto total = state.add(*entry, event.received, user);
    if (noted && !state.key.users && undo.counts[*noted].at / state.step == event.received / state.step) {
      ++undo.counts[*noted].count;
    } else {
      noted = undo.counts.size();
      undo.counts.push_back({window.state, hash, user, event.received, user_before, 1});
    }
    if (total < least || !state.filled) continue;
    const bool asked =
        entry->asked_generation == generation_ && event.received < entry->quiet_until && total < entry->next_threshold;
    if (!asked) ask(window, *entry, total, event.received, &event, &undo, firings);
  }
}

/// False if the alert is open or the rule cools down; `state`: of the key.
bool ProjectRules::fire(LiveRule& rule, const std::string& key, UnixMicros at, Counted::Undo* undo, KeyState** state) {
  auto& known = rule.keys[key];
  *state = &known;
  if (known.open) return false;
  if (known.triggered_at != 0 && at < known.triggered_at + rule.rule.cooldown_seconds * 1'000'000) return false;
  if (undo) undo->fired.push_back({rule.rule.id, key, known.triggered_at});
  known.open = true;
  known.triggered_at = at;
  return true;
}

void ProjectRules::ask(const LiveWindow& window, WindowState::Entry& entry, std::int64_t total, UnixMicros at,
                       const Event* event, Counted::Undo* undo, std::vector<Firing>& firings) {
  const auto& window_key = window.state->key;
  const auto key = key_text(window_key, entry.name);
  entry.quiet_until = kNever;
  entry.next_threshold = std::numeric_limits<std::int64_t>::max();
  for (const auto place : window.rules) {
    auto& rule = rules_[place];
    if (rule.crossing > total) {
      entry.next_threshold = rule.crossing;
      break;
    }
    KeyState* state = nullptr;
    if (fire(rule, key, at, undo, &state)) {
      auto& firing = firings.emplace_back();
      firing.project_id = project_id_;
      firing.rule_id = rule.rule.id;
      firing.key = key;
      if (window_key.per == Per::issue) firing.issue_id = std::stoll(entry.name);
      if (event) firing.event_id = event->id;
      firing.value = value_of(rule.rule.condition, total);
      firing.threshold = rule.rule.condition.threshold;
      firing.at = at;
    } else if (!state->open) {
      entry.quiet_until = std::min(entry.quiet_until, state->triggered_at + rule.rule.cooldown_seconds * 1'000'000);
    }
  }
  entry.asked_generation = generation_;
}

void ProjectRules::count_moments(const Happening& happening, const Batch& batch, Counted::Undo& undo,
                                 std::vector<Firing>& firings) {
  const auto first_passing = [&](const LiveRule& rule, const auto& concerns) -> const Event* {
    for (const auto i : batch.passing[rule.filter]) {
      if (concerns(*batch.events[i])) return batch.events[i];
    }
    return nullptr;
  };
  const auto happens = [&](LiveRule& rule, const std::string& key, std::int64_t issue_id, const Event* event) {
    KeyState* state = nullptr;
    if (event == nullptr || !fire(rule, key, event->received, &undo, &state)) return;
    firings.push_back({project_id_, rule.rule.id, key, issue_id, event->id, 1, 1, event->received});
  };
  for (const auto place : moments_) {
    auto& rule = rules_[place];
    const auto kind = rule.rule.condition.kind;
    for (const auto& issue : happening.issues) {
      const bool concerned = (kind == Kind::new_issue && issue.is_new) ||
                             (kind == Kind::regression && issue.regressed) ||
                             (kind == Kind::escalation && issue.escalating);
      if (!concerned) continue;
      const auto* event = first_passing(rule, [&](const Event& one) { return one.issue_id == issue.issue_id; });
      happens(rule, fmt::format("issue:{}", issue.issue_id), issue.issue_id, event);
    }
    if (kind != Kind::new_release) continue;
    for (const auto& release : happening.releases) {
      // A stored release may be cut.
      const auto* event =
          first_passing(rule, [&](const Event& one) { return one.release.starts_with(release.version); });
      happens(rule, fmt::format("release:{}", release.version), event ? event->issue_id : 0, event);
    }
  }
}

void ProjectRules::take_back(const Counted::Undo& undo) {
  const std::lock_guard lock(mutex_);
  ++generation_;
  for (auto one = undo.counts.rbegin(); one != undo.counts.rend(); ++one) {
    one->window->undo(one->hash, one->at, one->count, one->user, one->user_before);
  }
  for (const auto& fired : undo.fired) {
    const auto place = places_.find(fired.rule_id);
    if (place == places_.end()) continue;
    auto& state = rules_[place->second].keys[fired.key];
    state.open = false;
    state.triggered_at = fired.triggered_before;
  }
}

// ---- what happens without events

/// Where the clock was set back, what was counted in the time to come would keep out all that happens until then.
void ProjectRules::forget_the_future(UnixMicros now) {
  const auto limit = now + kClockSlack;
  if (latest_ > limit) latest_ = now;
  bool changed = false;
  for (auto& window : windows_) changed = window.state->drop_after(limit) || changed;
  for (auto& rule : rules_) {
    for (auto& [key, state] : rule.keys) {
      if (state.triggered_at <= limit) continue;
      state.triggered_at = now;
      changed = true;
    }
  }
  if (changed) ++generation_;
}

void ProjectRules::overdue(UnixMicros now, std::vector<Firing>& firings) {
  const std::lock_guard lock(mutex_);
  forget_the_future(now);
  for (auto& window : windows_) {
    if (window.rules.empty() || !window.state->filled) continue;
    const auto least = rules_[window.rules.front()].crossing;
    window.state->drop_empty(latest_);
    for (auto& [hash, entry] : window.state->entries) {
      if (entry.asked_generation == generation_ && now < entry.quiet_until) continue;
      const auto total = window.state->total(entry, now);
      if (total >= least) ask(window, entry, total, now, nullptr, nullptr, firings);
    }
  }
}

void ProjectRules::quiet(UnixMicros now, std::vector<Engine::Quiet>& quiet) {
  const std::lock_guard lock(mutex_);
  for (const auto& window : windows_) {
    if (!window.state->filled) continue;
    for (const auto place : window.rules) {
      const auto& rule = rules_[place];
      for (const auto& [key, state] : rule.keys) {
        if (!state.open) continue;
        const auto* entry = window.state->find(hash_of(name_in_key(window.state->key, key)));
        const auto total = entry == nullptr ? 0 : window.state->total(*entry, now);
        if (total < quiet_count(rule.rule.condition)) quiet.push_back({project_id_, rule.rule.id, key});
      }
    }
  }
}

std::optional<std::int64_t> ProjectRules::count_of(std::int64_t rule_id, UnixMicros now) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(rule_id);
  if (place == places_.end()) return std::nullopt;
  const auto& rule = rules_[place->second].rule;
  for (const auto& window : windows_) {
    const auto& key = window.state->key;
    if (window.filter != rules_[place->second].filter || key.per != rule.condition.per || key.users ||
        key.window_seconds != rule.condition.window_seconds) {
      continue;
    }
    if (!window.state->filled) return std::nullopt;
    const auto* entry = window.state->find(hash_of({}));
    return entry == nullptr ? 0 : window.state->total(*entry, now);
  }
  return std::nullopt;
}

}  // namespace mesher::nodes::alerts
