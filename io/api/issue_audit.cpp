#include "io/api/issue_audit.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graph/base/log.hpp"
#include "io/postgres/audit.hpp"

namespace mesher::api {
namespace {

void note(Call& call, const postgres::Change& change) {
  const auto status = postgres::note_change(call.api.database, call.actor(), change);
  if (!status) log::warn("api", "{} is not in the audit log: {}", change.action, status.error().message);
}

}  // namespace

void note_issue(Call& call, std::string_view action, const postgres::IssueRow& issue, const Json& details) {
  const auto project = postgres::find_project(call.api.database, issue.project_id);
  if (!project || !*project) return;  // deleted just now, with its issues
  postgres::Change change;
  change.organization_id = (*project)->organization_id;
  change.project_id = issue.project_id;
  change.action = action;
  change.target_type = "issue";
  change.target_id = std::to_string(issue.id);
  change.target = issue.title;
  change.details_json = details.dump(-1, ' ', false, Json::error_handler_t::replace);
  note(call, change);
}

void note_issues(Call& call, std::string_view action, const postgres::ProjectRow& project, std::int64_t changed,
                 Json details) {
  if (changed == 0) return;
  details["changed"] = changed;
  postgres::Change change;
  change.organization_id = project.organization_id;
  change.project_id = project.id;
  change.action = action;
  change.target_type = "issues";
  change.target = fmt::format("{} issues of {}", changed, project.slug);
  change.details_json = details.dump(-1, ' ', false, Json::error_handler_t::replace);
  note(call, change);
}

}  // namespace mesher::api
