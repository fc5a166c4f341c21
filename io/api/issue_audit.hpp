#pragma once

#include <string_view>

#include "io/api/call.hpp"
#include "io/postgres/read_issues.hpp"

/// Changes of issues in the audit log. An issue's own activity is written by the transaction that changes it; this is
/// the line for those who look after the organisation: who, from where, with which token. Written after the change;
/// that it could not be is logged and does not undo it. Not for use outside io/api.
namespace mesher::api {

/// `action`: "issue.update".
void note_issue(Call& call, std::string_view action, const postgres::IssueRow& issue, const Json& details);

/// Of many at once: `changed` of them. Nothing changed, nothing noted.
void note_issues(Call& call, std::string_view action, const postgres::ProjectRow& project, std::int64_t changed,
                 Json details);

}  // namespace mesher::api
