#include "io/api/routes.hpp"

namespace mesher::api {
namespace {

constexpr Access kRead{auth::Scope::read, false};
constexpr Access kWrite{auth::Scope::write, false};
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
      {"PATCH", "/api/v1/projects/{id}/issues",     patch_project_issues, kWrite},
      {"POST", "/api/v1/projects/{id}/issues/undo", undo_issue_change,   kWrite},
      {"GET",  "/api/v1/issues/{id}",               get_issue,           kRead},
      {"PATCH", "/api/v1/issues/{id}",              patch_issue,         kWrite},
      {"POST", "/api/v1/issues/{id}/resolve",       resolve_issue,       kWrite},
      {"POST", "/api/v1/issues/{id}/unresolve",     unresolve_issue,     kWrite},
      {"POST", "/api/v1/issues/{id}/archive",       archive_issue,       kWrite},
      {"POST", "/api/v1/issues/{id}/assign",        assign_issue,        kWrite},
      {"DELETE", "/api/v1/issues/{id}",             remove_issue,        kWrite},
      {"POST", "/api/v1/issues/{id}/discard",       discard_issue,       kWrite},
      {"POST", "/api/v1/issues/{id}/merge",         merge_issue,         kWrite},
      {"POST", "/api/v1/issues/{id}/split",         split_issue,         kWrite},
      {"GET",  "/api/v1/issues/{id}/hashes",        list_issue_hashes,   kRead},
      {"GET",  "/api/v1/issues/{id}/activity",      list_issue_activity, kRead},
      {"GET",  "/api/v1/issues/{id}/comments",      list_issue_comments, kRead},
      {"POST", "/api/v1/issues/{id}/comments",      add_issue_comment,   kWrite},
      {"PATCH", "/api/v1/issues/{id}/comments/{comment_id}", edit_issue_comment, kWrite},
      {"DELETE", "/api/v1/issues/{id}/comments/{comment_id}", remove_issue_comment, kWrite},
      {"GET",  "/api/v1/projects/{id}/discarded",   list_discarded,      kRead},
      {"DELETE", "/api/v1/projects/{id}/discarded/{hash}", restore_discarded, kWrite},
      {"GET",  "/api/v1/projects/{id}/ownership",   get_ownership,       kRead},
      {"PUT",  "/api/v1/projects/{id}/ownership",   put_ownership,       kWrite},
      {"GET",  "/api/v1/projects/{id}/tags",        list_project_tags,   kRead},
      {"GET",  "/api/v1/projects/{id}/tags/{key}/values", list_tag_values, kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/volume", get_volume,     kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/levels", get_levels,     kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/top-issues", get_top_issues, kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/tags", get_dashboard_tags, kRead},
      {"GET",  "/api/v1/projects/{id}/dashboard/health", get_health,     kRead},
      {"GET",  "/api/v1/orgs/{id}/overview",        get_overview,        kRead},
      {"GET",  "/api/v1/issues/{id}/tags",          get_issue_tags,      kRead},
      {"GET",  "/api/v1/issues/{id}/events",        list_issue_events,   kRead},
      {"GET",  "/api/v1/issues/{id}/timeline",      get_timeline,        kRead},
      {"GET",  "/api/v1/events/{event_id}",         get_event,           kRead},
      {"GET",  "/api/v1/events/{event_id}/grouping", get_grouping,       kRead},
      {"POST", "/api/v1/projects/{id}/fingerprint-rules/preview", preview_fingerprint_rules, kRead},
      {"GET",  "/api/v1/projects/{id}/feedback",    list_project_feedback, kRead},
      {"GET",  "/api/v1/issues/{id}/similar",       list_similar_issues, kRead},
      {"GET",  "/api/v1/issues/{id}/feedback",      list_issue_feedback, kRead},
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
