#include "nodes/alerts/engine.hpp"

#include <algorithm>
#include <utility>

#include "nodes/alerts/project_rules.hpp"

namespace mesher::nodes::alerts {

Counted::Counted() = default;

Counted::~Counted() {
  take_back();
  leave_gate();
}

Counted::Counted(Counted&& other) noexcept
    : firings(std::move(other.firings)),
      gate_(std::exchange(other.gate_, nullptr)),
      undo_(std::exchange(other.undo_, {})) {}

Counted& Counted::operator=(Counted&& other) noexcept {
  if (this == &other) return *this;
  take_back();
  leave_gate();
  firings = std::move(other.firings);
  gate_ = std::exchange(other.gate_, nullptr);
  undo_ = std::exchange(other.undo_, {});
  return *this;
}

void Counted::keep() {
  undo_.clear();
  leave_gate();
}

void Counted::leave_gate() {
  if (auto* const gate = std::exchange(gate_, nullptr)) gate->leave();
}

void Counted::take_back() {
  for (const auto& undo : undo_) undo.rules->take_back(undo);
  undo_.clear();
}

Engine::Engine() : units_(std::make_shared<std::atomic<std::size_t>>(0)) {}
Engine::~Engine() = default;

std::size_t Engine::units() const {
  return units_->load(std::memory_order_relaxed);
}

std::shared_ptr<ProjectRules> Engine::rules_of(std::uint32_t project_id) const {
  const std::shared_lock lock(mutex_);
  const auto found = projects_.find(project_id);
  return found == projects_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<ProjectRules>> Engine::all_rules() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<ProjectRules>> all;
  all.reserve(projects_.size());
  for (const auto& [id, rules] : projects_) all.push_back(rules);
  return all;
}

Counted Engine::count(const Happening& happening) {
  gate_.enter();
  Counted counted;
  counted.gate_ = &gate_;
  const auto of_project = [](const auto& list, std::uint32_t project_id) {
    const auto less = [](const auto& a, const auto& b) { return a.project_id < b.project_id; };
    using Item = std::remove_cvref_t<decltype(list.front())>;
    Item wanted;
    wanted.project_id = project_id;
    const auto [first, last] = std::equal_range(list.begin(), list.end(), wanted, less);
    return std::span<const Item>(first, last);
  };
  for (std::size_t i = 0; i < happening.events.size();) {
    const auto project_id = happening.events[i]->project_id;
    std::size_t end = i;
    while (end < happening.events.size() && happening.events[end]->project_id == project_id) ++end;
    if (auto rules = rules_of(project_id)) {
      Counted::Undo undo{rules, {}, {}};
      rules->count({happening.events.subspan(i, end - i), of_project(happening.issues, project_id),
                    of_project(happening.releases, project_id)},
                   undo, counted.firings);
      counted.undo_.push_back(std::move(undo));
    }
    i = end;
  }
  return counted;
}

bool Engine::awaits_releases(std::uint32_t project_id) const {
  const auto rules = rules_of(project_id);
  return rules && rules->awaits_releases();
}

std::vector<Engine::WindowKey> Engine::exchange(std::uint32_t project_id, std::span<const Rule> rules,
                                                std::span<const Known> known) {
  std::shared_ptr<ProjectRules> project;
  {
    const std::lock_guard lock(mutex_);
    if (rules.empty()) {
      projects_.erase(project_id);
      return {};
    }
    auto& place = projects_[project_id];
    if (!place) place = std::make_shared<ProjectRules>(project_id);
    project = place;
  }
  return project->exchange(rules, known, units_);
}

void Engine::fill(const WindowKey& window, std::span<const Past> past) {
  if (const auto rules = rules_of(window.project_id)) rules->fill(window, past);
}

void Engine::learn(std::uint32_t project_id, std::span<const Known> known) {
  if (const auto rules = rules_of(project_id)) rules->learn(known);
}

std::vector<Firing> Engine::overdue(UnixMicros now) {
  std::vector<Firing> firings;
  for (const auto& rules : all_rules()) rules->overdue(now, firings);
  return firings;
}

std::vector<Engine::Quiet> Engine::quiet(UnixMicros now) {
  std::vector<Quiet> all;
  for (const auto& rules : all_rules()) rules->quiet(now, all);
  return all;
}

std::optional<std::int64_t> Engine::count_of(std::uint32_t project_id, std::int64_t rule_id, UnixMicros now) {
  const auto rules = rules_of(project_id);
  return rules ? rules->count_of(rule_id, now) : std::nullopt;
}

}  // namespace mesher::nodes::alerts
