#pragma once

#include <optional>
#include <string_view>

#include "io/api/call.hpp"
#include "io/postgres/alert_rules.hpp"

/// What the handlers of alerts share. Not for use outside io/api.
namespace mesher::api {

struct RuleOfProject {
  postgres::AlertRuleRow rule;
  postgres::ProjectRow project;
};
/// The rule of the path's {rule_id}, if the caller may do with it what the route does; otherwise the call has failed.
[[nodiscard]] std::optional<RuleOfProject> visible_rule(Call& call);

/// The project that something belongs to, with the caller's role checked; otherwise the call has failed.
[[nodiscard]] std::optional<postgres::ProjectRow> project_of(Call& call, std::uint32_t project_id,
                                                             std::string_view what);

}  // namespace mesher::api
