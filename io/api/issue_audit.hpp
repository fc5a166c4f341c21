#pragma once

#include <string_view>

#include "io/api/call.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/read_issues.hpp"

/// Changes of issues in the audit log. An issue's own activity says what was done with it; this is the line for those
/// who look after the organisation: who, from where, with which token. Both are written by the transaction that changes
/// the issue, which `connection` is in. Not for use outside io/api.
namespace mesher::api {

/// `action`: "issue.update".
[[nodiscard]] Status note_issue(Call& call, postgres::Connection& connection, std::string_view action,
                                const postgres::ProjectRow& project, const postgres::IssueRow& issue,
                                const Json& details);

/// Of many at once: `changed` of them.
[[nodiscard]] Status note_issues(Call& call, postgres::Connection& connection, std::string_view action,
                                 const postgres::ProjectRow& project, std::int64_t changed, Json details);

}  // namespace mesher::api
