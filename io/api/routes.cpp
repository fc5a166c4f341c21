#include "io/api/routes.hpp"

namespace mesher::api {

const std::vector<Route>& routes() {
  using enum auth::Action;
  constexpr auto kHashing = Threads::hashing;
  // clang-format off
  static const std::vector<Route> kRoutes{
      {"POST",   "/api/v1/auth/login",                  log_in,              sign_in, kHashing},
      {"POST",   "/api/v1/auth/logout",                 log_out,             sign_in},
      {"GET",    "/api/v1/me",                          get_me,              read_account},
      {"PATCH",  "/api/v1/me",                          patch_me,            change_account, kHashing},
      {"GET",    "/api/v1/me/sessions",                 list_my_sessions,    read_account},
      {"DELETE", "/api/v1/me/sessions/{id}",            end_my_session,      change_account},
      {"GET",    "/api/v1/tokens",                      list_tokens,         manage_tokens},
      {"POST",   "/api/v1/tokens",                      create_token,        manage_tokens},
      {"DELETE", "/api/v1/tokens/{id}",                 revoke_token,        manage_tokens},
      {"GET",    "/api/v1/orgs",                        list_orgs,           read_account},
      {"POST",   "/api/v1/orgs",                        create_org,          create_organization},
      {"GET",    "/api/v1/orgs/{id}",                   get_org,             read_organization},
      {"PATCH",  "/api/v1/orgs/{id}",                   patch_org,           update_organization},
      {"DELETE", "/api/v1/orgs/{id}",                   delete_org,          delete_organization},
      {"GET",    "/api/v1/orgs/{id}/members",           list_members,        read_organization},
      {"POST",   "/api/v1/orgs/{id}/members",           post_member,         add_member},
      {"GET",    "/api/v1/orgs/{id}/members/{user_id}", get_member,          read_organization},
      {"PATCH",  "/api/v1/orgs/{id}/members/{user_id}", patch_member,        change_member},
      {"DELETE", "/api/v1/orgs/{id}/members/{user_id}", remove_member,       change_member},
      {"POST",   "/api/v1/orgs/{id}/leave",             leave_org,           leave},
      {"GET",    "/api/v1/orgs/{id}/invitations",       list_invitations,    read_invitations},
      {"POST",   "/api/v1/orgs/{id}/invitations",       create_invitation,   manage_invitations},
      {"DELETE", "/api/v1/orgs/{id}/invitations/{invitation_id}", revoke_invitation, manage_invitations},
      {"GET",    "/api/v1/invitations/{secret}",        get_invitation,      see_invitation},
      {"POST",   "/api/v1/invitations/{secret}",        accept_invitation,   see_invitation, kHashing},
      {"GET",    "/api/v1/orgs/{id}/teams",             list_teams,          read_organization},
      {"POST",   "/api/v1/orgs/{id}/teams",             create_team,         manage_teams},
      {"GET",    "/api/v1/orgs/{id}/teams/{team_id}",   get_team,            read_organization},
      {"PATCH",  "/api/v1/orgs/{id}/teams/{team_id}",   patch_team,          manage_teams},
      {"DELETE", "/api/v1/orgs/{id}/teams/{team_id}",   delete_team,         manage_teams},
      {"GET",    "/api/v1/orgs/{id}/teams/{team_id}/members", list_team_members, read_organization},
      {"PUT",    "/api/v1/orgs/{id}/teams/{team_id}/members/{user_id}", add_team_member, manage_teams},
      {"DELETE", "/api/v1/orgs/{id}/teams/{team_id}/members/{user_id}", remove_team_member, manage_teams},
      {"GET",    "/api/v1/orgs/{id}/audit-log",         list_org_audit_log,  read_audit_log},
      {"GET",    "/api/v1/audit-log",                   list_instance_audit_log, read_instance},
      {"GET",    "/api/v1/orgs/{id}/projects",          list_org_projects,   read_organization},
      {"POST",   "/api/v1/orgs/{id}/projects",          add_project,         create_project},
      {"GET",    "/api/v1/projects/{id}",               get_project,         read_project},
      {"PATCH",  "/api/v1/projects/{id}",               patch_project,       update_project},
      {"DELETE", "/api/v1/projects/{id}",               remove_project,      delete_project},
      {"GET",    "/api/v1/projects/{id}/keys",          list_project_keys,   read_project},
      {"POST",   "/api/v1/projects/{id}/keys",          create_key,          manage_keys},
      {"GET",    "/api/v1/projects/{id}/keys/{key_id}", get_key,             read_project},
      {"PATCH",  "/api/v1/projects/{id}/keys/{key_id}", patch_key,           manage_keys},
      {"DELETE", "/api/v1/projects/{id}/keys/{key_id}", delete_key,          manage_keys},
      {"POST",   "/api/v1/projects/{id}/keys/{key_id}/rotate", rotate_key,   manage_keys},
      {"GET",    "/api/v1/projects/{id}/outcomes",      get_outcomes,        read_project},
      {"GET",    "/api/v1/projects/{id}/storage",       get_storage,         read_project},
      {"GET",    "/api/v1/projects/{id}/issues",        list_project_issues, read_issue},
      {"GET",    "/api/v1/projects/{id}/events",        list_project_events, read_issue},
      {"GET",    "/api/v1/issues/{id}",                 get_issue,           read_issue},
      {"GET",    "/api/v1/issues/{id}/events",          list_issue_events,   read_issue},
      {"GET",    "/api/v1/issues/{id}/timeline",        get_timeline,        read_issue},
      {"GET",    "/api/v1/events/{event_id}",           get_event,           read_issue},
      {"GET",    "/api/v1/events/{event_id}/grouping",  get_grouping,        read_issue},
      {"GET",    "/api/v1/graph",                       get_graph,           read_instance},
      {"PUT",    "/api/v1/graph",                       put_graph,           change_instance},
      {"GET",    "/api/v1/nodes",                       list_nodes,          read_instance},
      {"GET",    "/api/v1/quarantine",                  list_quarantine,     read_instance},
      {"POST",   "/api/v1/quarantine",                  replay_quarantine,   change_instance},
  };
  // clang-format on
  return kRoutes;
}

}  // namespace mesher::api
