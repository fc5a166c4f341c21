#include "io/postgres/alert_rules.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/api/alert_rule_body.hpp"
#include "io/api/alerts.hpp"
#include "io/api/routes.hpp"
#include "io/notify/notifier.hpp"

namespace mesher::api {
namespace {

/// Where a rule's actions go depends on its id in one case, so it is only known afterwards.
void set_channels(postgres::AlertRuleRow& rule) {
  rule.channels.clear();
  for (const auto& action : notify::actions_from_json(rule.actions_json).value_or(std::vector<notify::Action>())) {
    rule.channels.push_back(notify::channel_of(action, rule.id));
  }
}

}  // namespace

std::optional<RuleOfProject> visible_rule(Call& call) {
  const auto id = call.parameters.path_big_id("rule_id");
  if (call.parameters.failed()) return std::nullopt;
  auto rule = postgres::find_alert_rule(call.api.database, id, call.principal.organization_ids());
  if (!rule) {
    call.parameters.refuse(fail(rule.error()));
    return std::nullopt;
  }
  if (!*rule) {
    call.parameters.refuse(no_such("alert rule"));
    return std::nullopt;
  }
  auto project = project_of(call, (*rule)->project_id, "alert rule");
  if (!project) return std::nullopt;
  return RuleOfProject{std::move(**rule), *std::move(project)};
}

std::optional<postgres::ProjectRow> project_of(Call& call, std::uint32_t project_id, std::string_view what) {
  auto project = postgres::find_project(call.api.database, project_id);
  if (!project) {
    call.parameters.refuse(fail(project.error()));
  } else if (!*project) {
    call.parameters.refuse(no_such(what));
  } else if (may_in(call, (*project)->organization_id, what)) {
    return std::move(**project);
  }
  return std::nullopt;
}

http::Response list_project_alert_rules(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto list = fmt::format("alert rules|{}", project->id);
  const std::uint32_t limit = call.parameters.limit();
  const auto cursor = call.parameters.cursor(list, 1);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto after = cursor ? number_of(cursor->front()) : 0;
  auto rules = postgres::list_alert_rules(call.api.database, project->id, after, limit + 1);
  if (!rules) return fail(rules.error());
  std::optional<std::string> next;
  if (cut_to_page(*rules, limit)) next = encode_cursor(list, {std::to_string(rules->back().id)});
  Json data = Json::array();
  for (const auto& rule : *rules) data.push_back(rule_json(rule));
  return list_answer(std::move(data), next);
}

http::Response add_alert_rule(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::AlertRuleRow rule;
  read_rule(call, body, rule, true);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  auto made = postgres::create_alert_rule(call.api.database, *project, rule, call.actor(), set_channels);
  if (!made) return fail(made.error());
  return tagged_answer(call, rule_json(*made), 201);
}

http::Response get_alert_rule(Call& call) {
  const auto found = visible_rule(call);
  if (!found) return call.parameters.failure();
  return tagged_answer(call, rule_json(found->rule));
}

http::Response patch_alert_rule(Call& call) {
  const auto found = visible_rule(call);
  if (!found) return call.parameters.failure();
  Body body(call);
  auto checked = found->rule;
  read_rule(call, body, checked, false);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto edit = [&](postgres::AlertRuleRow& rule) {
    if (!meets_if_match(call, rule_json(rule))) return false;
    read_rule(call, body, rule, false);
    set_channels(rule);
    return !call.parameters.failed();
  };
  const auto changed = postgres::edit_alert_rule(call.api.database, found->project, found->rule.id, edit, call.actor());
  if (!changed) return fail(changed.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*changed) return no_such("alert rule");
  return tagged_answer(call, rule_json(**changed));
}

http::Response remove_alert_rule(Call& call) {
  const auto found = visible_rule(call);
  if (!found) return call.parameters.failure();
  const auto gone = postgres::delete_alert_rule(call.api.database, found->project, found->rule.id, call.actor());
  if (!gone) return fail(gone.error());
  return *gone ? no_content() : no_such("alert rule");
}

http::Response test_alert_rule(Call& call) {
  const auto found = visible_rule(call);
  if (!found) return call.parameters.failure();
  Body body(call);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto& [rule, project] = *found;
  postgres::AlertRow sample;
  sample.project_id = project.id;
  sample.project_slug = project.slug;
  sample.project_name = project.name;
  sample.rule_id = rule.id;
  sample.rule_name = rule.name;
  sample.kind = name_of(rule.condition.kind);
  sample.key = "project";
  sample.status = "active";
  sample.severity = rule.severity;
  sample.value = sample.threshold = rule.condition.threshold;
  sample.triggered_at = call.api.clock.now();
  auto message = notify::message_of({sample}, call.api.alerts.public_url);
  message.test = true;
  auto lease = call.api.database.acquire();
  if (!lease) return fail(lease.error());
  Json deliveries = Json::array();
  for (const auto& action : notify::actions_from_json(rule.actions_json).value_or(std::vector<notify::Action>())) {
    const auto id = postgres::add_delivery(**lease, notify::delivery_of(message, action, rule.id, "test"));
    if (!id) return fail(id.error());
    deliveries.push_back({{"id", *id}});
  }
  if (call.api.alerts.announce) call.api.alerts.announce({});
  return answer({{"deliveries", std::move(deliveries)}}, 202);
}

}  // namespace mesher::api
