#pragma once

#include <vector>

#include "io/api/call.hpp"

/// The handlers, by resource. Not for use outside io/api.
namespace mesher::api {

/// Every route of the API, in one table.
[[nodiscard]] const std::vector<Route>& routes();

// organizations.cpp
http::Response get_me(Call& call);
http::Response list_orgs(Call& call);
http::Response get_org(Call& call);
http::Response list_org_projects(Call& call);

// projects.cpp
http::Response get_project(Call& call);
http::Response list_project_keys(Call& call);
http::Response get_outcomes(Call& call);
http::Response get_storage(Call& call);

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
http::Response get_grouping(Call& call);

// operations.cpp
http::Response get_graph(Call& call);
http::Response put_graph(Call& call);
http::Response list_nodes(Call& call);
http::Response list_quarantine(Call& call);
http::Response replay_quarantine(Call& call);

}  // namespace mesher::api
