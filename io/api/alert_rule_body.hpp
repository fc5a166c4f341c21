#pragma once

#include <string>
#include <vector>

#include "io/api/body.hpp"
#include "io/notify/action.hpp"
#include "io/postgres/alert_rules.hpp"

/// Alert rules as JSON, both ways. Not for use outside io/api.
namespace mesher::api {

constexpr std::size_t kMostActions = 10;

[[nodiscard]] Json rule_json(const postgres::AlertRuleRow& rule);

/// Reads what the body says into the rule; the first mistake becomes the call's failure, with the member and, in a
/// filter or a template, the position. A new rule needs a name and a condition. Actions replace those that there were;
/// one without `secret` keeps that of the action to the same URL.
void read_rule(Call& call, Body& body, postgres::AlertRuleRow& rule, bool is_new);

}  // namespace mesher::api
