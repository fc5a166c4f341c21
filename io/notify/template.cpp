#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/notify/payload.hpp"
#include "nodes/time_text.hpp"

namespace mesher::notify {
namespace {

using postgres::AlertRow;

using Read = std::string (*)(const Message&, const AlertRow&);

/// About the first alert, where a message has several.
constexpr std::array<std::pair<std::string_view, Read>, 19> kVariables{{
    {"summary", [](const Message& m, const AlertRow&) { return summary(m); }},
    {"count", [](const Message& m, const AlertRow&) { return std::to_string(m.alerts.size() + m.more); }},
    {"alert.id", [](const Message&, const AlertRow& a) { return std::to_string(a.id); }},
    {"rule.id", [](const Message&, const AlertRow& a) { return std::to_string(a.rule_id); }},
    {"rule.name", [](const Message&, const AlertRow& a) { return a.rule_name; }},
    {"severity", [](const Message&, const AlertRow& a) { return a.severity; }},
    {"status", [](const Message&, const AlertRow& a) { return a.status; }},
    {"key", [](const Message&, const AlertRow& a) { return a.key; }},
    {"value", [](const Message&, const AlertRow& a) { return fmt::format("{:.10g}", a.value); }},
    {"threshold", [](const Message&, const AlertRow& a) { return fmt::format("{:.10g}", a.threshold); }},
    {"triggered_at", [](const Message&, const AlertRow& a) { return nodes::rfc3339_millis(a.triggered_at); }},
    {"url", [](const Message& m, const AlertRow& a) { return alert_url(m, a); }},
    {"issue.id", [](const Message&, const AlertRow& a) { return std::to_string(a.issue_id); }},
    {"issue.title", [](const Message&, const AlertRow& a) { return a.issue_title; }},
    {"issue.culprit", [](const Message&, const AlertRow& a) { return a.issue_culprit; }},
    {"issue.level", [](const Message&, const AlertRow& a) { return a.issue_level; }},
    {"project.id", [](const Message& m, const AlertRow&) { return std::to_string(m.project_id); }},
    {"project.slug", [](const Message& m, const AlertRow&) { return m.project_slug; }},
    {"project.name", [](const Message& m, const AlertRow&) { return m.project_name; }},
}};

bool is_json(std::string_view text) {
  return text.starts_with('{') || text.starts_with('[');
}

Read reader_of(std::string_view name) {
  const auto* found =
      std::find_if(kVariables.begin(), kVariables.end(), [&](const auto& one) { return one.first == name; });
  return found == kVariables.end() ? nullptr : found->second;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// For the inside of a JSON string.
std::string escaped(const std::string& value) {
  const auto quoted = nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

Message sample() {
  Message message;
  message.alerts.emplace_back().issue_title = "a \"title\"";
  return message;
}

}  // namespace

std::vector<std::string_view> template_variables() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kVariables));
  for (const auto& [name, read] : kVariables) names.push_back(name);
  return names;
}

std::string render(std::string_view text, const Message& message) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto open = text.find("{{", at);
    const auto close = open == std::string_view::npos ? open : text.find("}}", open);
    const auto read =
        close == std::string_view::npos ? nullptr : reader_of(trimmed(text.substr(open + 2, close - open - 2)));
    if (close == std::string_view::npos) break;
    out += text.substr(at, open - at);
    if (read != nullptr) {
      const auto value = read(message, message.alerts.front());
      out += is_json(text) ? escaped(value) : value;
    }
    at = close + 2;
  }
  out += text.substr(at);
  return out;
}

std::optional<TemplateMistake> mistake_in_template(std::string_view text) {
  if (text.empty()) return TemplateMistake{1, "is empty"};
  std::size_t at = 0;
  while (true) {
    const auto open = text.find("{{", at);
    if (open == std::string_view::npos) break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos) return TemplateMistake{open + 1, "{{ is not closed by }}"};
    const auto name = trimmed(text.substr(open + 2, close - open - 2));
    if (reader_of(name) == nullptr) {
      return TemplateMistake{open + 1, fmt::format("unknown variable `{}`; known are {}", name.substr(0, 60),
                                                   fmt::join(template_variables(), ", "))};
    }
    at = close + 2;
  }
  if (is_json(text) && !nlohmann::json::accept(render(text, sample()))) {
    return TemplateMistake{1,
                           "begins like JSON, but is none when the variables are filled in; put them inside strings"};
  }
  return std::nullopt;
}

}  // namespace mesher::notify
