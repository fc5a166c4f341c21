#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a rule does when it fires: a webhook or a mail. Pure functions.
namespace mesher::notify {

struct Action {
  std::string type;             ///< "webhook" or "email"
  std::string url;              ///< of a webhook
  std::string format;           ///< of a webhook: json, slack, discord, mattermost, teams, pagerduty or template
  std::string text;             ///< of the format template
  std::string sealed_secret;    ///< hexadecimal; empty: none
  std::vector<std::string> to;  ///< of a mail
};

/// As it is stored; nothing if it is not of that form.
[[nodiscard]] std::string to_json(const std::vector<Action>& actions);
[[nodiscard]] std::optional<std::vector<Action>> actions_from_json(std::string_view json);
/// The JSON of one.
[[nodiscard]] std::string to_json(const Action& action);
[[nodiscard]] std::optional<Action> action_from_json(std::string_view json);

/// Equal for actions that go to the same place in the same form: what fires for one of these is told together.
/// PagerDuty opens an incident for each rule, so there the rule counts.
[[nodiscard]] std::string channel_of(const Action& action, std::int64_t rule_id);

/// Empty: the URL is a http or https one with a host, and without name and password. Otherwise what is wrong.
[[nodiscard]] std::string mistake_in_url(std::string_view url);
/// Empty: a plausible mail address. Otherwise what is wrong.
[[nodiscard]] std::string mistake_in_address(std::string_view address);

}  // namespace mesher::notify
