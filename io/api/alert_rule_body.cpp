#include "io/api/alert_rule_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "io/api/show.hpp"
#include "io/auth/seal.hpp"
#include "io/notify/payload.hpp"
#include "io/notify/signature.hpp"
#include "nodes/query/parse.hpp"

namespace mesher::api {
namespace {

using namespace nodes::alerts;

constexpr std::size_t kLongestName = 200, kLongestSecret = 1024, kLongestTemplate = 16 * 1024, kMostRecipients = 50;
constexpr std::size_t kLongestTag = 200;

std::optional<double> number(Body& body, std::string_view name, double least, double most) {
  const auto* value = body.member(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) {
    const auto read = value->get<double>();
    if (std::isfinite(read) && read >= least && read <= most) return read;
  }
  body.refuse(name, fmt::format("must be a number from {:g} to {:g}", least, most));
  return std::nullopt;
}

void read_window(Body& body, Condition& condition) {
  const auto window = body.integer("window_seconds", 1, kLongestWindow);
  if (window) condition.window_seconds = *window;
  if (!window) body.refuse("window_seconds", fmt::format("is missing: from 1 to {}", kLongestWindow));
}

void read_key(Body& body, Condition& condition) {
  const auto per = body.text("per", 1, kLongestTag + 4);
  if (per && !read_per(*per, condition)) body.refuse("per", "must be project, issue or tag:<key>");
}

void read_threshold(Body& body, Condition& condition) {
  const bool rate = condition.kind == Kind::event_rate;
  const bool users = condition.kind == Kind::user_count;
  const auto most = users ? static_cast<double>(kMostUsers) : kMostEvents;
  const auto threshold = number(body, "threshold", rate ? 0.001 : 1, most);
  if (!threshold) return body.refuse("threshold", "is missing");
  if (!rate && *threshold != std::floor(*threshold)) return body.refuse("threshold", "must be a whole number");
  condition.threshold = *threshold;
}

void read_comparison(Body& body, Condition& condition) {
  const auto percent = number(body, "percent", -100, 1'000'000);
  if (!percent) return body.refuse("percent", "is missing");
  if (*percent == 0) return body.refuse("percent", "must not be 0: it would always fire");
  condition.threshold = *percent;
  const auto against = body.choice("against", {"day", "week"});
  if (!against) return body.refuse("against", "is missing: day or week");
  condition.against_days = *against == "day" ? 1 : 7;
}

void read_condition(Call& call, const Json& json, Condition& condition) {
  Body body(call, json, "condition");
  const auto type = body.choice("type", {"event_count", "event_rate", "user_count", "percent_change", "new_issue",
                                         "regression", "escalation", "new_release"});
  if (call.parameters.failed()) return;
  if (!type) return body.refuse("type", "is missing");
  condition = {};
  condition.kind = *kind_named(*type);
  if (!is_moment(condition.kind)) {
    read_window(body, condition);
    if (condition.kind == Kind::percent_change) {
      read_comparison(body, condition);
    } else {
      read_threshold(body, condition);
      read_key(body, condition);
    }
  }
  body.finish();
}

void read_filter(Call& call, Body& body, std::string& filter) {
  const auto text = body.text("filter", 0, query::kMaxLength);
  if (!text) return;
  const auto parsed = query::parse(*text, query::Scope::stream);
  if (const auto* mistake = std::get_if<query::Mistake>(&parsed)) {
    call.parameters.refuse(fail(
        Code::invalid_query, fmt::format("filter, character {}: {}", mistake->position, mistake->message), "filter"));
    return;
  }
  filter = *text;
}

void read_secret(Call& call, Body& body, const std::vector<notify::Action>& before, notify::Action& action) {
  const auto* member = body.member("secret");
  if (member == nullptr) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const notify::Action& one) {
      return one.url == action.url && !one.sealed_secret.empty();
    });
    if (same != before.end()) action.sealed_secret = same->sealed_secret;
    return;
  }
  if (member->is_null()) return;
  const auto secret = body.secret("secret", 1, kLongestSecret);
  if (secret) action.sealed_secret = notify::hex_of(auth::seal(*secret, call.api.alerts.secret));
}

void read_webhook(Call& call, Body& body, const std::vector<notify::Action>& before, notify::Action& action) {
  action.url = body.required_text("url", 1, 2048);
  if (call.parameters.failed()) return;
  if (const auto mistake = notify::mistake_in_url(action.url); !mistake.empty()) return body.refuse("url", mistake);
  action.format = body.choice("format", {"json", "slack", "discord", "mattermost", "teams", "pagerduty", "template"})
                      .value_or("json");
  const auto text = body.secret("template", 1, kLongestTemplate);
  if (call.parameters.failed()) return;
  if (action.format == "template") {
    if (!text) return body.refuse("template", "is missing");
    if (const auto mistake = notify::mistake_in_template(*text)) {
      return body.refuse("template", fmt::format("at byte {}: {}", mistake->position, mistake->message));
    }
    action.text = *text;
  } else if (text) {
    return body.refuse("template", "goes with the format template alone");
  }
  read_secret(call, body, before, action);
  if (action.format == "pagerduty" && action.sealed_secret.empty()) {
    body.refuse("secret", "is missing: the integration's routing key");
  }
}

void read_mail(Call& call, Body& body, notify::Action& action) {
  const auto to = body.texts("to", kMostRecipients, 254);
  if (call.parameters.failed()) return;
  if (!to || to->empty()) return body.refuse("to", "is missing: a list of mail addresses");
  for (std::size_t i = 0; i < to->size(); ++i) {
    const auto mistake = notify::mistake_in_address((*to)[i]);
    if (!mistake.empty()) return body.refuse(fmt::format("to[{}]", i), mistake);
  }
  action.to = *to;
}

void read_actions(Call& call, const Json& list, postgres::AlertRuleRow& rule) {
  if (!list.is_array() || list.size() > kMostActions) {
    call.parameters.refuse(
        fail(Code::invalid_body, fmt::format("actions must be a list of at most {}", kMostActions), "actions"));
    return;
  }
  const auto before = notify::actions_from_json(rule.actions_json).value_or(std::vector<notify::Action>());
  std::vector<notify::Action> actions;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Body body(call, list[i], fmt::format("actions[{}]", i));
    if (call.parameters.failed()) return;
    notify::Action action;
    const auto type = body.choice("type", {"webhook", "email"});
    if (call.parameters.failed()) return;
    if (!type) return body.refuse("type", "is missing: webhook or email");
    action.type = *type;
    if (action.type == "webhook") {
      read_webhook(call, body, before, action);
    } else {
      read_mail(call, body, action);
    }
    body.finish();
    if (call.parameters.failed()) return;
    actions.push_back(std::move(action));
  }
  rule.actions_json = notify::to_json(actions);
}

Json condition_json(const Condition& condition) {
  Json json{{"type", name_of(condition.kind)}};
  if (is_moment(condition.kind)) return json;
  const auto whole = std::floor(condition.threshold) == condition.threshold;
  const auto threshold = whole ? Json(static_cast<std::int64_t>(condition.threshold)) : Json(condition.threshold);
  if (condition.kind == Kind::percent_change) {
    json["percent"] = threshold;
    json["window_seconds"] = condition.window_seconds;
    json["against"] = condition.against_days == 7 ? "week" : "day";
    return json;
  }
  json["threshold"] = threshold;
  json["window_seconds"] = condition.window_seconds;
  json["per"] = per_text(condition);
  return json;
}

Json actions_json(const std::string& stored) {
  Json list = Json::array();
  for (const auto& action : notify::actions_from_json(stored).value_or(std::vector<notify::Action>())) {
    Json json{{"type", action.type}};
    if (action.type == "email") {
      json["to"] = action.to;
    } else {
      json["url"] = action.url;
      json["format"] = action.format;
      if (action.format == "template") json["template"] = action.text;
      json["has_secret"] = !action.sealed_secret.empty();
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Json rule_json(const postgres::AlertRuleRow& rule) {
  return {{"id", rule.id},
          {"project_id", rule.project_id},
          {"name", rule.name},
          {"enabled", rule.enabled},
          {"severity", rule.severity},
          {"condition", condition_json(rule.condition)},
          {"filter", rule.filter},
          {"cooldown_seconds", rule.cooldown_seconds},
          {"notify_resolved", rule.notify_resolved},
          {"actions", actions_json(rule.actions_json)},
          {"version", rule.version},
          {"created_at", rfc3339(rule.created_at)},
          {"updated_at", rfc3339(rule.updated_at)},
          {"created_by", rule.created_by == 0 ? Json() : Json(rule.created_by)}};
}

void read_rule(Call& call, Body& body, postgres::AlertRuleRow& rule, bool is_new) {
  if (is_new) {
    rule.name = body.required_text("name", 1, kLongestName);
  } else if (auto name = body.text("name", 1, kLongestName)) {
    rule.name = *std::move(name);
  }
  if (const auto enabled = body.boolean("enabled")) rule.enabled = *enabled;
  if (auto severity = body.choice("severity", {"info", "warning", "critical"})) rule.severity = *std::move(severity);
  if (const auto cooldown = body.integer("cooldown_seconds", 0, kLongestCooldown)) rule.cooldown_seconds = *cooldown;
  if (const auto told = body.boolean("notify_resolved")) rule.notify_resolved = *told;
  if (call.parameters.failed()) return;
  const auto* condition = body.member("condition");
  if (condition != nullptr) {
    read_condition(call, *condition, rule.condition);
  } else if (is_new) {
    body.refuse("condition", "is missing");
  }
  if (call.parameters.failed()) return;
  read_filter(call, body, rule.filter);
  if (call.parameters.failed()) return;
  if (const auto* actions = body.member("actions")) read_actions(call, *actions, rule);
}

}  // namespace mesher::api
