#include "io/api/show.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/postgres/project_settings.hpp"

namespace mesher::api {
namespace {

Json text_or_null(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json assignee_json(const postgres::IssueRow& issue) {
  if (issue.assigned_user) return {{"user", *issue.assigned_user}};
  if (issue.assigned_team) return {{"team", *issue.assigned_team}};
  return {};
}

std::string short_id(const postgres::IssueRow& issue) {
  std::string text = issue.project_slug;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text + "-" + std::to_string(issue.short_id);
}

}  // namespace

Json project_json(const postgres::ProjectRow& project) {
  nodes::ports::ProjectSettings settings;  // with the defaults of what is not stored
  postgres::settings_from_json(project.settings_json, settings);
  return {{"id", project.id},
          {"organization_id", project.organization_id},
          {"slug", project.slug},
          {"name", project.name},
          {"platform", project.platform},
          {"settings", Json::parse(postgres::settings_to_json(settings), nullptr, false)},
          {"created_at", rfc3339(project.created_at)}};
}

Json issue_json(const postgres::IssueRow& issue, const postgres::Sparkline& sparkline) {
  return {{"id", issue.id},
          {"short_id", short_id(issue)},
          {"project_id", issue.project_id},
          {"title", issue.title},
          {"culprit", issue.culprit},
          {"type", issue.type},
          {"platform", issue.platform},
          {"level", name_of(issue.level)},
          {"status", issue.status},
          {"substatus", text_or_null(issue.substatus)},
          {"waits_for", issue.waits_for.empty() ? Json() : Json::parse(issue.waits_for, nullptr, false)},
          {"event_count", issue.event_count},
          {"user_count", issue.user_count},
          {"first_seen", rfc3339(issue.first_seen)},
          {"last_seen", rfc3339(issue.last_seen)},
          {"first_release", text_or_null(issue.first_release)},
          {"assigned_to", assignee_json(issue)},
          {"is_regressed", issue.is_regressed},
          {"version", issue.version},
          {"fingerprint", issue.fingerprint},
          {"sparkline", sparkline}};
}

Json event_json(const postgres::EventRow& event) {
  auto tags = Json::object();
  for (const auto& [key, value] : event.tags) tags[key] = value;
  return {{"id", event.id.hex()},
          {"project_id", event.project_id},
          {"issue_id", event.issue_id},
          {"received_at", rfc3339(event.received_at)},
          {"timestamp", rfc3339(event.occurred_at)},
          {"level", name_of(event.level)},
          {"message", event.message},
          {"environment", text_or_null(event.environment)},
          {"release", text_or_null(event.release)},
          {"tags", std::move(tags)}};
}

}  // namespace mesher::api
