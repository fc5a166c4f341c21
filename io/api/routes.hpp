#pragma once

#include <vector>

#include "io/api/call.hpp"

/// The handlers, by resource. Not for use outside io/api.
namespace mesher::api {

/// Every route of the API, in one table.
[[nodiscard]] const std::vector<Route>& routes();

// sign_in.cpp
http::Response log_in(Call& call);
http::Response log_out(Call& call);

// account.cpp
http::Response get_me(Call& call);
http::Response patch_me(Call& call);
http::Response list_my_sessions(Call& call);
http::Response end_my_session(Call& call);
http::Response list_tokens(Call& call);
http::Response create_token(Call& call);
http::Response revoke_token(Call& call);

// organizations.cpp
http::Response list_orgs(Call& call);
http::Response create_org(Call& call);
http::Response get_org(Call& call);
http::Response patch_org(Call& call);
http::Response delete_org(Call& call);

// members.cpp
http::Response list_members(Call& call);
http::Response get_member(Call& call);
http::Response post_member(Call& call);
http::Response patch_member(Call& call);
http::Response remove_member(Call& call);
http::Response leave_org(Call& call);

// invitations.cpp
http::Response list_invitations(Call& call);
http::Response create_invitation(Call& call);
http::Response revoke_invitation(Call& call);
http::Response get_invitation(Call& call);
http::Response accept_invitation(Call& call);

// teams.cpp
http::Response list_teams(Call& call);
http::Response create_team(Call& call);
http::Response get_team(Call& call);
http::Response patch_team(Call& call);
http::Response delete_team(Call& call);
http::Response list_team_members(Call& call);
http::Response add_team_member(Call& call);
http::Response remove_team_member(Call& call);

// audit_log.cpp
http::Response list_org_audit_log(Call& call);
http::Response list_instance_audit_log(Call& call);

// keys.cpp
http::Response list_project_keys(Call& call);
http::Response create_key(Call& call);
http::Response get_key(Call& call);
http::Response patch_key(Call& call);
http::Response rotate_key(Call& call);
http::Response delete_key(Call& call);

// projects.cpp
http::Response list_org_projects(Call& call);
http::Response add_project(Call& call);
http::Response get_project(Call& call);
http::Response patch_project(Call& call);
http::Response remove_project(Call& call);
http::Response get_outcomes(Call& call);
http::Response get_storage(Call& call);

// issues.cpp
http::Response list_project_issues(Call& call);
http::Response get_issue(Call& call);
http::Response get_timeline(Call& call);

// events.cpp
http::Response list_issue_events(Call& call);
http::Response list_project_events(Call& call);
http::Response get_event(Call& call);
http::Response get_grouping(Call& call);

// operations.cpp
http::Response get_graph(Call& call);
http::Response put_graph(Call& call);
http::Response list_nodes(Call& call);
http::Response list_quarantine(Call& call);
http::Response replay_quarantine(Call& call);

}  // namespace mesher::api
