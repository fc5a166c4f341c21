#pragma once

#include <optional>

#include "io/api/body.hpp"
#include "io/postgres/change_issues.hpp"

/// What a request asks to be done with issues. Not for use outside io/api.
namespace mesher::api {

/// Reads `status`, `in`, `until` and `assigned_to`. Mistakes go into the call's parameters; a call that asks for
/// nothing is a mistake, too. Blocks: asks whether the assignee belongs to the organisation, and which releases there
/// are.
[[nodiscard]] postgres::IssueEdit read_edit(Call& call, Body& body, const postgres::ProjectRow& project);

[[nodiscard]] postgres::StateEdit resolved();
[[nodiscard]] postgres::StateEdit unresolved();
/// By the member `until`; for ever without.
[[nodiscard]] postgres::StateEdit archived(Call& call, Body& body);
/// By the member `in` (only "next_release").
void read_resolved_in(Call& call, Body& body, const postgres::ProjectRow& project, postgres::StateEdit& edit);
/// Reads the members `user` and `team`: exactly one of them.
void read_assignee(Call& call, Body& body, const postgres::ProjectRow& project, postgres::IssueEdit& edit);

}  // namespace mesher::api
