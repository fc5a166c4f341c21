#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <deque>
#include <string>
#include <vector>

#include "nodes/alerts/engine.hpp"

/// What an event costs with 10,000 alert rules over 100 projects: conditions of all kinds, thresholds that most events
/// do not reach, and as many different filters in a project as the argument says.
namespace {

using namespace mesher;
using nodes::alerts::Engine;
using nodes::alerts::Kind;
using nodes::alerts::Per;
using nodes::alerts::Rule;

constexpr std::uint32_t kProjects = 100;
constexpr int kRulesOfProject = 100;
constexpr std::size_t kEventsOfTransaction = 1024;

Rule rule_of(std::uint32_t project, int n, int filters) {
  Rule rule;
  rule.project_id = project;
  rule.id = static_cast<std::int64_t>(project) * 1000 + n;
  rule.filter = n % filters == 0 ? "" : fmt::format("level:error environment:place-{}", n % filters);
  auto& condition = rule.condition;
  condition.kind = n % 10 == 9 ? Kind::new_issue : n % 10 == 8 ? Kind::user_count : Kind::event_count;
  condition.window_seconds = n % 4 == 0 ? 60 : 300;
  condition.threshold = 1000 + n;
  condition.per = n % 5 == 0 ? Per::issue : n % 5 == 1 ? Per::tag : Per::project;
  condition.tag = "region";
  return rule;
}

void engine_of_ten_thousand_rules(benchmark::State& state) {
  Engine engine;
  for (std::uint32_t project = 1; project <= kProjects; ++project) {
    std::vector<Rule> rules;
    for (int n = 0; n < kRulesOfProject; ++n) rules.push_back(rule_of(project, n, static_cast<int>(state.range(0))));
    for (const auto& window : engine.exchange(project, rules, {})) engine.fill(window, {});
  }
  const std::vector<nodes::Tag> tags{{"browser", "firefox"}, {"region", "eu"}};
  std::vector<std::string> users, places;
  for (int i = 0; i < 50; ++i) users.push_back(fmt::format("user-{}", i));
  for (int i = 0; i < 20; ++i) places.push_back(fmt::format("place-{}", i));
  UnixMicros now = 1'800'000'000'000'000;
  std::deque<nodes::Event> events(kEventsOfTransaction);
  std::vector<nodes::Event*> pointers;
  for (auto& event : events) pointers.push_back(&event);
  for (auto _ : state) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      auto& event = events[i];
      event.project_id = static_cast<std::uint32_t>(i * 4 / kEventsOfTransaction) + 1;
      event.issue_id = static_cast<std::int64_t>(i / 16);
      event.received = now += 100;
      event.environment = places[i % places.size()];
      event.user.id = users[i % users.size()];
      event.tags = tags;
    }
    auto counted = engine.count({pointers, {}, {}});
    counted.keep();
    benchmark::DoNotOptimize(counted.firings);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEventsOfTransaction));
  state.counters["per_event"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(kEventsOfTransaction),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(engine_of_ten_thousand_rules)->Arg(1)->Arg(10)->Arg(100);

}  // namespace
