#include "io/notify/payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/notify/signature.hpp"
#include "nodes/time_text.hpp"

namespace mesher::notify {
namespace {

using Json = nlohmann::ordered_json;
using postgres::AlertRow;

constexpr std::size_t kMostEmbeds = 10;  // Discord takes no more; the others read badly with more
constexpr std::size_t kMostText = 250;   // characters of a title

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string cut(const std::string& text) {
  if (text.size() <= kMostText) return text;
  auto end = kMostText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string figure(double value) {
  return fmt::format("{:.10g}", value);
}

bool is_moment(const AlertRow& alert) {
  return alert.kind == "new_issue" || alert.kind == "regression" || alert.kind == "escalation" ||
         alert.kind == "new_release";
}

/// "12 events, threshold 10", or what happened.
std::string reason(const AlertRow& alert) {
  if (alert.kind == "new_issue") return "new issue";
  if (alert.kind == "regression") return "regression";
  if (alert.kind == "escalation") return "escalating";
  if (alert.kind == "new_release") return "first event of " + alert.key;
  const auto* unit = alert.kind == "user_count"       ? " users"
                     : alert.kind == "event_rate"     ? " events a minute"
                     : alert.kind == "percent_change" ? " %"
                                                      : " events";
  return fmt::format("{}{}, threshold {}", figure(alert.value), unit, figure(alert.threshold));
}

std::string title(const AlertRow& alert) {
  const auto text = alert.issue_title.empty() ? alert.key : alert.issue_title;
  return cut(
      fmt::format("{}: {}", alert.rule_name, is_moment(alert) && !alert.issue_title.empty() ? text : reason(alert)));
}

std::string details(const AlertRow& alert) {
  std::string text = reason(alert);
  if (!alert.issue_title.empty()) text += fmt::format(" · {}", cut(alert.issue_title));
  if (alert.key != "project" && alert.issue_id == 0) text += fmt::format(" · {}", alert.key);
  if (!alert.issue_culprit.empty()) text += fmt::format(" · {}", cut(alert.issue_culprit));
  return text;
}

Json issue_json(const Message& message, const AlertRow& alert) {
  if (alert.issue_id == 0) return nullptr;
  Json json{{"id", alert.issue_id}};
  if (alert.issue_short_id == 0) return json;
  json["short_id"] = short_id_of(alert);
  json["title"] = alert.issue_title;
  json["culprit"] = alert.issue_culprit;
  json["level"] = alert.issue_level;
  json["status"] = alert.issue_status;
  if (!message.base_url.empty()) {
    json["url"] = fmt::format("{}/projects/{}/issues/{}", message.base_url, alert.project_id, alert.issue_id);
  }
  return json;
}

Json alert_json(const Message& message, const AlertRow& alert) {
  return {{"id", alert.id},
          {"rule", {{"id", alert.rule_id}, {"name", alert.rule_name}}},
          {"severity", alert.severity},
          {"status", alert.status},
          {"key", alert.key},
          {"value", alert.value},
          {"threshold", alert.threshold},
          {"triggered_at", nodes::rfc3339_millis(alert.triggered_at)},
          {"issue", issue_json(message, alert)},
          {"url", alert_url(message, alert)}};
}

Json project_json(const Message& message) {
  return {{"id", message.project_id}, {"slug", message.project_slug}, {"name", message.project_name}};
}

Json generic(const Message& message) {
  Json alerts = Json::array();
  for (const auto& alert : message.alerts) alerts.push_back(alert_json(message, alert));
  Json json{{"alerts", std::move(alerts)}, {"project", project_json(message)}};
  if (message.more > 0) json["more"] = message.more;
  if (message.test) json["test"] = true;
  return json;
}

bool all_resolved(const Message& message) {
  return std::all_of(message.alerts.begin(), message.alerts.end(),
                     [](const AlertRow& alert) { return alert.status == "resolved"; });
}

std::string_view color_of(const AlertRow& alert) {
  if (alert.status == "resolved") return "2e9e5b";
  return alert.severity == "critical" ? "d13438" : alert.severity == "warning" ? "e6a117" : "3b82c4";
}

std::string rest_of(const Message& message, std::size_t shown) {
  const auto hidden = message.alerts.size() - std::min(shown, message.alerts.size()) + message.more;
  return hidden == 0 ? std::string() : fmt::format("and {} more", hidden);
}

/// Slack and Mattermost take the same. `<`, `>` and `&` have a meaning in their texts; behind an `@` comes a blank of
/// no width, so that Mattermost calls nobody by what an error happens to say.
std::string slack_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '@' ? "@\u200b" : std::string(1, c);
  }
  return escaped;
}

Json slack(const Message& message) {
  Json attachments = Json::array();
  for (std::size_t i = 0; i < std::min(kMostEmbeds, message.alerts.size()); ++i) {
    const auto& alert = message.alerts[i];
    Json one{{"color", fmt::format("#{}", color_of(alert))},
             {"fallback", slack_text(title(alert))},
             {"title", slack_text(title(alert))},
             {"text", slack_text(details(alert))},
             {"ts", alert.triggered_at / 1'000'000}};
    if (!message.base_url.empty()) one["title_link"] = alert_url(message, alert);
    attachments.push_back(std::move(one));
  }
  if (const auto rest = rest_of(message, kMostEmbeds); !rest.empty()) attachments.push_back({{"text", rest}});
  return {{"text", slack_text(summary(message))}, {"attachments", std::move(attachments)}};
}

Json discord(const Message& message) {
  Json embeds = Json::array();
  for (std::size_t i = 0; i < std::min(kMostEmbeds, message.alerts.size()); ++i) {
    const auto& alert = message.alerts[i];
    Json one{{"title", title(alert)},
             {"description", cut(details(alert))},  // 6,000 characters in all embeds are taken
             {"color", std::stol(std::string(color_of(alert)), nullptr, 16)},
             {"timestamp", nodes::rfc3339_millis(alert.triggered_at)}};
    if (!message.base_url.empty()) one["url"] = alert_url(message, alert);
    embeds.push_back(std::move(one));
  }
  if (const auto rest = rest_of(message, kMostEmbeds); !rest.empty()) {
    embeds.back()["footer"] = {{"text", rest}};
  }
  // Nobody is pinged by what an error happens to say.
  return {
      {"content", summary(message)}, {"embeds", std::move(embeds)}, {"allowed_mentions", {{"parse", Json::array()}}}};
}

Json text_block(std::string_view text, bool bold) {
  Json block{{"type", "TextBlock"}, {"text", text}, {"wrap", true}};
  if (bold) block["weight"] = "Bolder";
  return block;
}

/// An Adaptive Card, which Teams' workflows take as its older incoming webhooks do.
Json teams(const Message& message) {
  auto heading = text_block(summary(message), true);
  heading["size"] = "Medium";
  Json body = Json::array({std::move(heading)});
  for (std::size_t i = 0; i < std::min(kMostEmbeds, message.alerts.size()); ++i) {
    const auto& alert = message.alerts[i];
    body.push_back(text_block(title(alert), true));
    body.push_back({{"type", "FactSet"},
                    {"facts",
                     {{{"title", "Severity"}, {"value", alert.severity}},
                      {{"title", "Status"}, {"value", alert.status}},
                      {{"title", "Why"}, {"value", details(alert)}},
                      {{"title", "Since"}, {"value", nodes::rfc3339_millis(alert.triggered_at)}}}}});
  }
  if (const auto rest = rest_of(message, kMostEmbeds); !rest.empty()) body.push_back(text_block(rest, false));
  Json card{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
            {"type", "AdaptiveCard"},
            {"version", "1.2"},
            {"body", std::move(body)}};
  if (!message.base_url.empty()) {
    Json open{{"type", "Action.OpenUrl"}, {"title", "Open"}, {"url", alert_url(message, message.alerts.front())}};
    card["actions"] = Json::array({std::move(open)});
  }
  Json attachment{{"contentType", "application/vnd.microsoft.card.adaptive"},
                  {"contentUrl", nullptr},
                  {"content", std::move(card)}};
  return {{"type", "message"}, {"attachments", Json::array({std::move(attachment)})}};
}

/// The same for all events of an incident; at most 255 characters.
std::string dedup_key(const Message& message, const AlertRow& alert) {
  constexpr std::size_t kLongestKey = 200;
  return fmt::format("mesher-{}-{}-{}", message.project_id, alert.rule_id,
                     alert.key.size() <= kLongestKey ? alert.key : digest_of(alert.key));
}

Json pagerduty(const Message& message) {
  const auto& first = message.alerts.front();
  Json json{{"event_action", all_resolved(message) ? "resolve" : "trigger"},
            {"dedup_key", dedup_key(message, first)},
            {"client", "Mesher"},
            {"payload",
             {{"summary", summary(message)},
              {"source", message.project_slug},
              {"severity", first.severity},
              {"timestamp", nodes::rfc3339_millis(first.triggered_at)},
              {"component", message.project_name},
              {"group", first.key},
              {"class", first.kind},
              {"custom_details", generic(message)}}}};
  if (!message.base_url.empty()) {
    Json link{{"href", alert_url(message, first)}, {"text", "Open in Mesher"}};
    json["links"] = Json::array({std::move(link)});
  }
  return json;
}

std::string html_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
  }
  return escaped;
}

}  // namespace

std::string summary(const Message& message) {
  const auto& first = message.alerts.front();
  const auto* test = message.test ? "Test: " : "";
  const auto count = message.alerts.size() + message.more;
  if (count == 1) {
    const auto* state = first.status == "resolved" ? "resolved" : first.severity.c_str();
    return fmt::format("{}[{}] {} ({})", test, state, title(first), message.project_name);
  }
  const auto open = std::count_if(message.alerts.begin(), message.alerts.end(),
                                  [](const AlertRow& alert) { return alert.status != "resolved"; });
  const bool one_rule = std::all_of(message.alerts.begin(), message.alerts.end(),
                                    [&](const AlertRow& alert) { return alert.rule_id == first.rule_id; });
  const auto what = one_rule ? cut(first.rule_name) : std::string("alerts");
  return fmt::format("{}[{}] {}: {} alerts ({})", test, open > 0 ? first.severity : "resolved", what, count,
                     message.project_name);
}

std::string alert_url(const Message& message, const AlertRow& alert) {
  return fmt::format("{}/projects/{}/alerts/{}", message.base_url, message.project_id, alert.id);
}

std::string short_id_of(const AlertRow& alert) {
  std::string slug = alert.project_slug;
  std::transform(slug.begin(), slug.end(), slug.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return fmt::format("{}-{}", slug, alert.issue_short_id);
}

Webhook webhook_of(const Message& message, const Action& action) {
  constexpr const char* kJson = "application/json";
  const auto& format = action.format;
  if (format == "slack" || format == "mattermost") return {kJson, dumped(slack(message))};
  if (format == "discord") return {kJson, dumped(discord(message))};
  if (format == "teams") return {kJson, dumped(teams(message))};
  if (format == "pagerduty") return {kJson, dumped(pagerduty(message))};
  if (format == "template") {
    const bool json = action.text.starts_with('{') || action.text.starts_with('[');
    return {json ? kJson : "text/plain; charset=utf-8", render(action.text, message)};
  }
  return {kJson, dumped(generic(message))};
}

std::string with_routing_key(const std::string& body, const std::string& key) {
  auto json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return body;
  json["routing_key"] = key;
  return dumped(json);
}

std::string live_message(const Message& message, const AlertRow& alert) {
  Json json{{"type", "alert"}, {"project_id", message.project_id}};
  json["alert"] = alert_json(message, alert);
  return dumped(json);
}

Mail mail_of(const Message& message) {
  Mail mail;
  mail.subject = summary(message);
  const auto& first = message.alerts.front();
  const bool one_issue =
      first.issue_id != 0 && std::all_of(message.alerts.begin(), message.alerts.end(),
                                         [&](const AlertRow& alert) { return alert.issue_id == first.issue_id; });
  mail.thread = one_issue ? fmt::format("issue-{}-{}", message.project_id, first.issue_id)
                          : fmt::format("rule-{}-{}", message.project_id, first.rule_id);
  mail.plain = summary(message) + "\n\n";
  mail.html = fmt::format("<!DOCTYPE html><html><body style=\"font-family:sans-serif\"><h2>{}</h2><ul>",
                          html_text(summary(message)));
  for (const auto& alert : message.alerts) {
    const auto at = nodes::rfc3339_millis(alert.triggered_at);
    const auto url = message.base_url.empty() ? std::string() : alert_url(message, alert);
    mail.plain += fmt::format("* {} ({}, {})\n  {}\n  since {}\n", title(alert), alert.severity, alert.status,
                              details(alert), at);
    if (!url.empty()) mail.plain += fmt::format("  {}\n", url);
    mail.html += fmt::format("<li><b style=\"color:#{}\">{}</b> <small>{}, {}</small><br>{}<br><small>since {}</small>",
                             color_of(alert), html_text(title(alert)), alert.severity, alert.status,
                             html_text(details(alert)), at);
    if (!url.empty()) mail.html += fmt::format("<br><a href=\"{}\">Open</a>", html_text(url));
    mail.html += "</li>";
  }
  if (message.more > 0) {
    mail.plain += fmt::format("and {} more\n", message.more);
    mail.html += fmt::format("<li>and {} more</li>", message.more);
  }
  mail.html += "</ul></body></html>";
  return mail;
}

}  // namespace mesher::notify
