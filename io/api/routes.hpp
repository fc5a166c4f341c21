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

// storage.cpp
http::Response get_storage(Call& call);
http::Response get_instance_storage(Call& call);

// issues.cpp
http::Response get_issue(Call& call);

// issue_list.cpp
http::Response list_project_issues(Call& call);

// dashboard.cpp
http::Response get_volume(Call& call);
http::Response get_levels(Call& call);
http::Response get_top_issues(Call& call);
http::Response get_dashboard_tags(Call& call);
http::Response get_health(Call& call);
http::Response get_timeline(Call& call);

// issue_changes.cpp
http::Response patch_issue(Call& call);
http::Response resolve_issue(Call& call);
http::Response unresolve_issue(Call& call);
http::Response archive_issue(Call& call);
http::Response assign_issue(Call& call);
http::Response patch_project_issues(Call& call);
http::Response undo_issue_change(Call& call);

// issue_merging.cpp
http::Response merge_issue(Call& call);
http::Response split_issue(Call& call);
http::Response remove_issue(Call& call);
http::Response discard_issue(Call& call);
http::Response list_issue_hashes(Call& call);
http::Response list_discarded(Call& call);
http::Response restore_discarded(Call& call);

// issue_talk.cpp
http::Response list_issue_activity(Call& call);
http::Response list_issue_comments(Call& call);
http::Response add_issue_comment(Call& call);
http::Response edit_issue_comment(Call& call);
http::Response remove_issue_comment(Call& call);

// ownership.cpp
http::Response get_ownership(Call& call);
http::Response put_ownership(Call& call);
// tags.cpp
http::Response list_project_tags(Call& call);
http::Response list_tag_values(Call& call);
http::Response get_issue_tags(Call& call);

// overview.cpp
http::Response get_overview(Call& call);

// events.cpp
http::Response list_issue_events(Call& call);
http::Response list_project_events(Call& call);
http::Response get_event(Call& call);

// grouping.cpp
http::Response get_grouping(Call& call);
http::Response preview_fingerprint_rules(Call& call);
http::Response list_similar_issues(Call& call);

// feedback.cpp
http::Response list_project_feedback(Call& call);
http::Response list_issue_feedback(Call& call);

// alert_rules.cpp
http::Response list_project_alert_rules(Call& call);
http::Response add_alert_rule(Call& call);
http::Response get_alert_rule(Call& call);
http::Response patch_alert_rule(Call& call);
http::Response remove_alert_rule(Call& call);
http::Response test_alert_rule(Call& call);

// alert_preview.cpp
http::Response preview_alert_rule(Call& call);

// alerts.cpp
http::Response list_project_alerts(Call& call);
http::Response get_alert(Call& call);
http::Response acknowledge_alert(Call& call);
http::Response resolve_alert(Call& call);
http::Response list_rule_deliveries(Call& call);
http::Response get_delivery(Call& call);
http::Response redeliver_delivery(Call& call);

// operations.cpp
http::Response get_graph(Call& call);
http::Response put_graph(Call& call);
http::Response list_nodes(Call& call);
http::Response list_quarantine(Call& call);
http::Response replay_quarantine(Call& call);

}  // namespace mesher::api
