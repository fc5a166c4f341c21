#include "io/api/alerts.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/notify/action.hpp"
#include "io/notify/payload.hpp"
#include "io/postgres/alert_outbox.hpp"
#include "io/postgres/alert_store.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::api {
namespace {

Json time_or_null(const std::optional<UnixMicros>& time) {
  return time ? Json(rfc3339(*time)) : Json();
}

Json id_or_null(std::int64_t id) {
  return id == 0 ? Json() : Json(id);
}

Json alert_json(const postgres::AlertRow& alert) {
  Json issue;
  if (alert.issue_id != 0) {
    issue = {{"id", alert.issue_id}};
    if (alert.issue_short_id != 0) {
      issue["short_id"] = notify::short_id_of(alert);
      issue["title"] = alert.issue_title;
      issue["culprit"] = alert.issue_culprit;
      issue["level"] = alert.issue_level;
      issue["status"] = alert.issue_status;
    }
  }
  return {{"id", alert.id},
          {"project_id", alert.project_id},
          {"rule", {{"id", alert.rule_id}, {"name", alert.rule_name}, {"type", alert.kind}}},
          {"severity", alert.severity},
          {"status", alert.status},
          {"key", alert.key},
          {"value", alert.value},
          {"threshold", alert.threshold},
          {"issue", std::move(issue)},
          {"event_id", alert.event_id.empty() ? Json() : Json(alert.event_id)},
          {"triggered_at", rfc3339(alert.triggered_at)},
          {"acknowledged_at", time_or_null(alert.acknowledged_at)},
          {"acknowledged_by", id_or_null(alert.acknowledged_by)},
          {"resolved_at", time_or_null(alert.resolved_at)},
          {"resolved_by", id_or_null(alert.resolved_by)}};
}

struct AlertOfProject {
  postgres::AlertRow alert;
  postgres::ProjectRow project;
};

std::optional<AlertOfProject> visible_alert(Call& call) {
  const auto id = call.parameters.path_big_id("alert_id");
  if (call.parameters.failed()) return std::nullopt;
  auto alert = postgres::find_alert(call.api.database, id, call.principal.organization_ids());
  if (!alert) {
    call.parameters.refuse(fail(alert.error()));
    return std::nullopt;
  }
  if (!*alert) {
    call.parameters.refuse(no_such("alert"));
    return std::nullopt;
  }
  auto project = project_of(call, (*alert)->project_id, "alert");
  if (!project) return std::nullopt;
  return AlertOfProject{std::move(**alert), *std::move(project)};
}

http::Response set_status(Call& call, const std::string& status) {
  const auto found = visible_alert(call);
  if (!found) return call.parameters.failure();
  Body body(call);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto changed =
      postgres::set_alert_status(call.api.database, found->project, found->alert, status, call.actor());
  if (!changed) return fail(changed.error());
  if (*changed && call.api.alerts.announce) call.api.alerts.announce({{found->alert.project_id, found->alert.id}});
  const auto now = postgres::find_alert(call.api.database, found->alert.id, call.principal.organization_ids());
  if (!now) return fail(now.error());
  if (!*now) return no_such("alert");
  if (!*changed && (*now)->status != status) {
    return fail(Code::conflict, fmt::format("the alert is {} already", (*now)->status));
  }
  return answer(alert_json(**now));
}

Json attempts_json(const std::string& stored) {
  Json list = Json::array();
  for (auto attempt : Json::parse(stored, nullptr, false)) {
    if (!attempt.is_object()) continue;
    const auto at = attempt.find("at");
    if (at != attempt.end() && at->is_string()) {
      *at = rfc3339(postgres::timestamp_from(at->get_ref<const std::string&>()));
    }
    list.push_back(std::move(attempt));
  }
  return list;
}

Json delivery_json(const postgres::DeliveryRow& delivery) {
  Json alerts = Json::array();
  for (const auto& id : delivery.alert_ids) alerts.push_back(number_of(id));
  const auto action = notify::action_from_json(delivery.action_json).value_or(notify::Action());
  Json to = action.type == "email" ? Json(action.to) : Json(action.url);
  return {{"id", delivery.id},
          {"project_id", delivery.project_id},
          {"rule_id", delivery.rule_id},
          {"kind", delivery.kind},
          {"type", action.type},
          {"to", std::move(to)},
          {"format", action.format.empty() ? Json() : Json(action.format)},
          {"status", delivery.status},
          {"alert_ids", std::move(alerts)},
          {"attempt_count", delivery.attempt_count},
          {"attempts", attempts_json(delivery.attempts_json)},
          {"created_at", rfc3339(delivery.created_at)},
          {"next_attempt_at", time_or_null(delivery.next_attempt_at)},
          {"finished_at", time_or_null(delivery.finished_at)}};
}

/// With what was sent.
Json whole_delivery_json(const postgres::DeliveryRow& delivery) {
  auto json = delivery_json(delivery);
  json["request"] = {{json["type"] == "email" ? "subject" : "content_type", delivery.subject}, {"body", delivery.body}};
  return json;
}

std::optional<postgres::DeliveryRow> visible_delivery(Call& call) {
  const auto id = call.parameters.path_event_id("delivery_id");
  if (call.parameters.failed()) return std::nullopt;
  auto delivery = postgres::find_delivery(call.api.database, id.hex(), call.principal.organization_ids());
  if (!delivery) {
    call.parameters.refuse(fail(delivery.error()));
    return std::nullopt;
  }
  if (!*delivery) {
    call.parameters.refuse(no_such("delivery"));
    return std::nullopt;
  }
  if (!project_of(call, (*delivery)->project_id, "delivery")) return std::nullopt;
  return std::move(**delivery);
}

}  // namespace

http::Response list_project_alerts(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  postgres::AlertListing listing;
  listing.project_id = project->id;
  listing.status = call.parameters.choice("status", {"", "active", "acknowledged", "resolved"});
  const auto rule = call.parameters.text("rule");
  if (!rule.empty()) {
    listing.rule_id = number_of(rule);
    if (listing.rule_id <= 0 || std::to_string(listing.rule_id) != rule) {
      call.parameters.refuse(fail(Code::invalid_parameter, "rule must be the id of a rule", "rule"));
    }
  }
  const auto list = fmt::format("alerts|{}|{}|{}", project->id, listing.status, listing.rule_id);
  const std::uint32_t limit = call.parameters.limit();
  const auto cursor = call.parameters.cursor(list, 1);
  if (call.parameters.failed()) return call.parameters.failure();
  if (cursor) listing.before = number_of(cursor->front());
  listing.limit = limit + 1;
  auto alerts = postgres::list_alerts(call.api.database, listing);
  if (!alerts) return fail(alerts.error());
  std::optional<std::string> next;
  if (cut_to_page(*alerts, limit)) next = encode_cursor(list, {std::to_string(alerts->back().id)});
  Json data = Json::array();
  for (const auto& alert : *alerts) data.push_back(alert_json(alert));
  return list_answer(std::move(data), next);
}

http::Response get_alert(Call& call) {
  const auto found = visible_alert(call);
  if (!found) return call.parameters.failure();
  return tagged_answer(call, alert_json(found->alert));
}

http::Response acknowledge_alert(Call& call) {
  return set_status(call, "acknowledged");
}

http::Response resolve_alert(Call& call) {
  return set_status(call, "resolved");
}

http::Response list_rule_deliveries(Call& call) {
  const auto found = visible_rule(call);
  if (!found) return call.parameters.failure();
  const auto list = fmt::format("deliveries|{}", found->rule.id);
  const std::uint32_t limit = call.parameters.limit();
  const auto cursor = call.parameters.cursor(list, 2);
  if (call.parameters.failed()) return call.parameters.failure();
  std::optional<postgres::DeliveryPlace> after;
  if (cursor) after = postgres::DeliveryPlace{number_of(cursor->front()), cursor->back()};
  auto deliveries = postgres::list_deliveries(call.api.database, found->project.id, found->rule.id, after, limit + 1);
  if (!deliveries) return fail(deliveries.error());
  std::optional<std::string> next;
  if (cut_to_page(*deliveries, limit)) {
    next = encode_cursor(list, {std::to_string(deliveries->back().created_at), deliveries->back().id});
  }
  Json data = Json::array();
  for (const auto& delivery : *deliveries) data.push_back(delivery_json(delivery));
  return list_answer(std::move(data), next);
}

http::Response get_delivery(Call& call) {
  const auto delivery = visible_delivery(call);
  if (!delivery) return call.parameters.failure();
  return answer(whole_delivery_json(*delivery));
}

http::Response redeliver_delivery(Call& call) {
  const auto delivery = visible_delivery(call);
  if (!delivery) return call.parameters.failure();
  Body body(call);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto again = postgres::redeliver(call.api.database, delivery->project_id, delivery->id);
  if (!again) return fail(again.error());
  if (!*again) return fail(Code::conflict, "it is on its way already");
  if (call.api.alerts.announce) call.api.alerts.announce({});
  const auto now = postgres::find_delivery(call.api.database, delivery->id, call.principal.organization_ids());
  if (!now) return fail(now.error());
  return *now ? answer(whole_delivery_json(**now), 202) : no_such("delivery");
}

}  // namespace mesher::api
