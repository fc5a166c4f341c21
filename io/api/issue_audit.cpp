#include "io/api/issue_audit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "io/postgres/audit.hpp"

namespace mesher::api {

Status note_issue(Call& call, postgres::Connection& connection, std::string_view action,
                  const postgres::ProjectRow& project, const postgres::IssueRow& issue, const Json& details) {
  postgres::Change change;
  change.organization_id = project.organization_id;
  change.project_id = project.id;
  change.action = action;
  change.target_type = "issue";
  change.target_id = std::to_string(issue.id);
  change.target = issue.title;
  change.details_json = details.dump(-1, ' ', false, Json::error_handler_t::replace);
  return postgres::note_change(connection, call.actor(), change);
}

Status note_issues(Call& call, postgres::Connection& connection, std::string_view action,
                   const postgres::ProjectRow& project, std::int64_t changed, Json details) {
  details["changed"] = changed;
  postgres::Change change;
  change.organization_id = project.organization_id;
  change.project_id = project.id;
  change.action = action;
  change.target_type = "issues";
  change.target = fmt::format("{} issues of {}", changed, project.slug);
  change.details_json = details.dump(-1, ' ', false, Json::error_handler_t::replace);
  return postgres::note_change(connection, call.actor(), change);
}

}  // namespace mesher::api
