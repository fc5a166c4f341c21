#pragma once

#include "io/api/call.hpp"
#include "io/api/times.hpp"
#include "io/postgres/read_events.hpp"

/// How rows look as JSON. Not for use outside io/api.
namespace mesher::api {

/// `principal`: whose role in it is shown.
[[nodiscard]] Json org_json(const postgres::OrganizationRow& org, const auth::Principal& principal);
[[nodiscard]] Json project_json(const postgres::ProjectRow& project);
[[nodiscard]] Json issue_json(const postgres::IssueRow& issue, const postgres::Sparkline& sparkline);
/// An event in a list.
[[nodiscard]] Json event_json(const postgres::EventRow& event);

}  // namespace mesher::api
