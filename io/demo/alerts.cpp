#include "io/demo/alerts.hpp"

#include <utility>

#include "io/postgres/alert_rules.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::demo {
namespace {

using nodes::alerts::Condition;
using nodes::alerts::Kind;
using nodes::alerts::Per;

struct DemoRule {
  const char *name, *severity, *filter;
  Condition condition;
  std::int64_t cooldown_seconds;
};

constexpr std::int64_t kHour = 3600;

std::vector<DemoRule> rules() {
  return {
      {"Errors pile up", "critical", "level:error,fatal", {Kind::event_count, 250, kHour, Per::project, {}, 0}, kHour},
      {"One error hits many people", "warning", "", {Kind::user_count, 40, kHour, Per::issue, {}, 0}, 6 * kHour},
      {"A solved issue is back", "warning", "", {Kind::regression, 0, 0, Per::issue, {}, 0}, 0},
      {"An issue escalates", "warning", "", {Kind::escalation, 0, 0, Per::issue, {}, 0}, 0},
      {"First events of a release", "info", "", {Kind::new_release, 0, 0, Per::project, {}, 0}, 0}};
}

}  // namespace

Status make_rules(postgres::Pool& pool, const Place& place) {
  const auto there = postgres::list_alert_rules(pool, place.project_id, 0, 1);
  if (!there) return there.error();
  if (!there->empty()) return {};
  const auto project = postgres::find_project(pool, place.project_id);
  if (!project) return project.error();
  if (!*project) return Error{ErrorCode::not_found, "the project is gone", {}};
  for (const auto& rule : rules()) {
    postgres::AlertRuleRow row;
    row.project_id = place.project_id;
    row.name = rule.name;
    row.severity = rule.severity;
    row.filter = rule.filter;
    row.condition = rule.condition;
    row.cooldown_seconds = rule.cooldown_seconds;
    row.created_by = place.owner_id;
    const auto made =
        postgres::create_alert_rule(pool, **project, std::move(row), actor_of(place), [](postgres::AlertRuleRow&) {});
    if (!made) return made.error();
  }
  return {};
}

Status settle_alerts(postgres::Pool& pool, const Place& place, UnixMicros end) {
  const auto ann = place.people.find("ann");
  postgres::Params params;
  params.integer(place.project_id).time(end).integer(ann == place.people.end() ? place.owner_id : ann->second);
  auto rows = pool.query(
      // A server beside it has found those that are over, and resolved them now.
      "with settled as (update alerts set acknowledged_at = triggered_at + make_interval(mins => 3 + (id % 11)::int),"
      "  acknowledged_by = $3::integer, status = case when old or status = 'resolved' then 'resolved'"
      "   else 'acknowledged' end, resolved_at = case when old or status = 'resolved'"
      "   then triggered_at + make_interval(mins => 25 + (id % 97)::int) end"
      "  from (select id as alert_id, triggered_at < $2::timestamptz - interval '1 day' as old from alerts"
      "   where project_id = $1::integer) a where project_id = $1::integer and id = a.alert_id"
      "  and triggered_at < $2::timestamptz - interval '3 hours'),"
      " rules as (update alert_rules set created_at = $2::timestamptz - interval '14 days',"
      "  updated_at = $2::timestamptz - interval '14 days' where project_id = $1::integer) "
      "select pg_notify('mesher_alerts', $1::text)",
      params);
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace mesher::demo
