#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/notify/action.hpp"
#include "io/postgres/alert_store.hpp"

/// What is told of alerts, in the form that the receiver wants. Pure functions.
namespace mesher::notify {

/// Alerts of one project that are told together; at least one.
struct Message {
  std::uint32_t project_id = 0;
  std::string project_slug, project_name;
  std::vector<postgres::AlertRow> alerts;  ///< `status` as it is to be told
  std::size_t more = 0;                    ///< further alerts that are not listed
  std::string base_url;                    ///< of links; empty: none
  bool test = false;
};

constexpr std::size_t kMostListed = 500;  ///< alerts of a message

/// One line: "critical: checkout is burning (project web): 12 of 10".
[[nodiscard]] std::string summary(const Message& message);
[[nodiscard]] std::string alert_url(const Message& message, const postgres::AlertRow& alert);

/// "WEB-17", the alert's issue.
[[nodiscard]] std::string short_id_of(const postgres::AlertRow& alert);

struct Webhook {
  std::string content_type, body;
};
/// The body for a webhook's format. That of PagerDuty has no routing key yet: with_routing_key().
[[nodiscard]] Webhook webhook_of(const Message& message, const Action& action);
[[nodiscard]] std::string with_routing_key(const std::string& body, const std::string& key);

/// The alerts as the format `json` has them, also a message of the live stream ("alert"), by alert.
[[nodiscard]] std::string live_message(const Message& message, const postgres::AlertRow& alert);

// Templates: text with {{names}}. If the text begins with { or [ it is JSON, and values are escaped for its strings.
struct TemplateMistake {
  std::size_t position = 0;  ///< byte, from 1
  std::string message;
};
[[nodiscard]] std::optional<TemplateMistake> mistake_in_template(std::string_view text);
[[nodiscard]] std::vector<std::string_view> template_variables();
[[nodiscard]] std::string render(std::string_view text, const Message& message);

struct Mail {
  std::string subject, plain, html;
  std::string thread;  ///< the same for all mails of one issue
};
[[nodiscard]] Mail mail_of(const Message& message);

}  // namespace mesher::notify
