#pragma once

#include "io/api/call.hpp"
#include "io/postgres/change_issues.hpp"

namespace mesher::api {

/// Tells those who watch the project what people did: an `issue_update` for each issue, or one `issues_changed` if
/// there are too many of them (schema/live.md).
void tell_watchers(Call& call, std::uint32_t project_id, const postgres::IssueChanges& changes);

}  // namespace mesher::api
