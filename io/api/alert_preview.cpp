#include <algorithm>
#include <utility>
#include <variant>

#include "io/api/alert_rule_body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/postgres/alert_windows.hpp"
#include "nodes/alerts/preview.hpp"
#include "nodes/alerts/window.hpp"

namespace mesher::api {
namespace {

using nodes::alerts::Rule;
using nodes::alerts::WouldFire;

constexpr std::int64_t kMostDays = 30, kUsualDays = 7;
constexpr std::size_t kMostShown = 100;
constexpr std::uint32_t kMostMoments = 1000;
constexpr UnixMicros kDay = 86'400'000'000;

/// What there would have been; `complete` is false if not all of the time could be looked at.
struct Preview {
  std::vector<WouldFire> fired;  ///< by time
  bool complete = true;
};

Result<Preview> of_moments(postgres::Connection& connection, const Rule& rule, UnixMicros from, UnixMicros to) {
  auto moments = postgres::read_moments(connection, rule, from, to, kMostMoments);
  if (!moments) return moments.error();
  Preview preview;
  preview.complete = moments->size() < kMostMoments;
  for (auto moment = moments->rbegin(); moment != moments->rend(); ++moment) {
    preview.fired.push_back({moment->at, std::move(moment->key), 1});
  }
  return preview;
}

Result<Preview> of_window(postgres::Connection& connection, const Rule& rule, UnixMicros from, UnixMicros to) {
  using nodes::alerts::Kind;
  const auto& condition = rule.condition;
  const bool compares = condition.kind == Kind::percent_change;
  const nodes::alerts::Engine::WindowKey window{rule.project_id, condition.kind == Kind::user_count, condition.per,
                                                condition.tag,   condition.window_seconds,           rule.filter};
  // What lies before is needed to know how full the window is at the beginning.
  const auto before = condition.window_seconds * 1'000'000 + condition.against_days * kDay;
  const auto past =
      postgres::read_past(connection, window, from - before, to, nodes::alerts::step_of(condition.window_seconds));
  if (!past) return past.error();
  Preview preview;
  preview.complete = past->size() < postgres::kMostPast;
  preview.fired = compares ? nodes::alerts::play_comparison(rule, *past, from, to) : nodes::alerts::play(rule, *past);
  std::erase_if(preview.fired, [&](const WouldFire& one) { return one.at < from; });
  return preview;
}

}  // namespace

http::Response preview_alert_rule(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::AlertRuleRow row;
  const auto days = body.integer("days", 1, kMostDays).value_or(kUsualDays);
  read_rule(call, body, row, true);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto to = call.api.clock.now();
  const auto from = to - days * kDay;
  const Rule rule{project->id, 0, row.condition, row.filter, row.cooldown_seconds};
  auto lease = call.api.database.acquire();
  if (!lease) return fail(lease.error());
  const auto preview =
      is_moment(rule.condition.kind) ? of_moments(**lease, rule, from, to) : of_window(**lease, rule, from, to);
  if (!preview) return fail(preview.error());
  Json firings = Json::array();
  for (const auto& one : preview->fired) {
    if (firings.size() >= kMostShown) break;
    firings.push_back({{"at", rfc3339(one.at)}, {"key", one.key}, {"value", one.value}});
  }
  return answer({{"from", rfc3339(from)},
                 {"to", rfc3339(to)},
                 {"count", preview->fired.size()},
                 {"complete", preview->complete},
                 {"firings", std::move(firings)}});
}

}  // namespace mesher::api
