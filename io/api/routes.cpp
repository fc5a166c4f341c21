#include "io/api/routes.hpp"

namespace mesher::api {
namespace {

constexpr Access kRead{auth::Scope::read, false};
constexpr Access kOwnerReads{auth::Scope::read, true};
constexpr Access kOwnerChanges{auth::Scope::admin, true};

}  // namespace

const std::vector<Route>& routes() {
  // clang-format off
  static const std::vector<Route> kRoutes{
      {"GET",  "/api/v1/me",                        get_me,              kRead},
      {"GET",  "/api/v1/orgs",                      list_orgs,           kRead},
      {"GET",  "/api/v1/orgs/{id}",                 get_org,             kRead},
      {"GET",  "/api/v1/orgs/{id}/projects",        list_org_projects,   kRead},
      {"GET",  "/api/v1/projects/{id}",             get_project,         kRead},
      {"GET",  "/api/v1/projects/{id}/keys",        list_project_keys,   kRead},
      {"GET",  "/api/v1/projects/{id}/outcomes",    get_outcomes,        kRead},
      {"GET",  "/api/v1/projects/{id}/storage",     get_storage,         kRead},
      {"GET",  "/api/v1/projects/{id}/issues",      list_project_issues, kRead},
      {"GET",  "/api/v1/projects/{id}/events",      list_project_events, kRead},
      {"GET",  "/api/v1/projects/{id}/tags",        list_project_tags,   kRead},
      {"GET",  "/api/v1/projects/{id}/tags/{key}/values", list_tag_values, kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/volume", get_volume,     kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/levels", get_levels,     kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/top-issues", get_top_issues, kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/tags", get_dashboard_tags, kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/health", get_health,     kRead},
      {"GET",  "/api/v1/orgs/{id}/overview",        get_overview,        kRead},
      {"GET",  "/api/v1/issues/{id}",               get_issue,           kRead},
      {"GET",  "/api/v1/issues/{id}/tags",          get_issue_tags,      kRead},
      {"GET",  "/api/v1/issues/{id}/events",        list_issue_events,   kRead},
      {"GET",  "/api/v1/issues/{id}/timeline",      get_timeline,        kRead},
      {"GET",  "/api/v1/events/{event_id}",         get_event,           kRead},
      {"GET",  "/api/v1/events/{event_id}/grouping", get_grouping,       kRead},
      {"GET",  "/api/v1/graph",                     get_graph,           kOwnerReads},
      {"PUT",  "/api/v1/graph",                     put_graph,           kOwnerChanges},
      {"GET",  "/api/v1/nodes",                     list_nodes,          kOwnerReads},
      {"GET",  "/api/v1/quarantine",                list_quarantine,     kOwnerReads},
      {"POST", "/api/v1/quarantine",                replay_quarantine,   kOwnerChanges},
  };
  // clang-format on
  return kRoutes;
}

}  // namespace mesher::api
