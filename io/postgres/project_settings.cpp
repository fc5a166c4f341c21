#include "io/postgres/project_settings.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace mesher::postgres {
namespace {

using nlohmann::json;

const json& member(const json& object, const char* name) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

void read(const json& object, const char* name, bool& value) {
  if (const auto& found = member(object, name); found.is_boolean()) value = found.get<bool>();
}

void read(const json& object, const char* name, std::uint32_t& value) {
  const auto& found = member(object, name);
  if (!found.is_number()) return;
  const double most = std::numeric_limits<std::int32_t>::max();
  value = static_cast<std::uint32_t>(std::clamp(found.get<double>(), 0.0, most));
}

void read(const json& object, const char* name, std::vector<std::string>& values) {
  const auto& found = member(object, name);
  if (!found.is_array()) return;
  values.clear();
  for (const auto& item : found) {
    if (item.is_string()) values.push_back(item.get<std::string>());
  }
}

}  // namespace

std::string settings_to_json(const nodes::ports::ProjectSettings& settings) {
  const auto& filters = settings.filters;
  const auto& scrub = settings.scrub;
  const json document = {{"sample_rate", settings.sample_rate},
                         {"rate_limit_per_minute", settings.rate_limit_per_minute},
                         {"retention_days", settings.retention_days},
                         {"event_budget", settings.event_budget},
                         {"filters",
                          {{"localhost", filters.localhost},
                           {"web_crawlers", filters.web_crawlers},
                           {"browser_extensions", filters.browser_extensions},
                           {"legacy_browsers", filters.legacy_browsers},
                           {"messages", filters.messages},
                           {"releases", filters.releases},
                           {"ip_addresses", filters.ip_addresses}}},
                         {"scrub",
                          {{"enabled", scrub.enabled},
                           {"keys", scrub.keys},
                           {"safe_keys", scrub.safe_keys},
                           {"ip_addresses", scrub.ip_addresses}}},
                         {"allowed_origins", settings.allowed_origins},
                         {"fingerprint_rules", settings.fingerprint_rules}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

void settings_from_json(std::string_view text, nodes::ports::ProjectSettings& settings) {
  const auto document = json::parse(text, nullptr, false);
  if (const auto& rate = member(document, "sample_rate"); rate.is_number()) {
    settings.sample_rate = std::clamp(rate.get<double>(), 0.0, 1.0);
  }
  read(document, "rate_limit_per_minute", settings.rate_limit_per_minute);
  read(document, "retention_days", settings.retention_days);
  read(document, "event_budget", settings.event_budget);
  const auto& filters = member(document, "filters");
  read(filters, "localhost", settings.filters.localhost);
  read(filters, "web_crawlers", settings.filters.web_crawlers);
  read(filters, "browser_extensions", settings.filters.browser_extensions);
  read(filters, "legacy_browsers", settings.filters.legacy_browsers);
  read(filters, "messages", settings.filters.messages);
  read(filters, "releases", settings.filters.releases);
  read(filters, "ip_addresses", settings.filters.ip_addresses);
  const auto& scrub = member(document, "scrub");
  read(scrub, "enabled", settings.scrub.enabled);
  read(scrub, "keys", settings.scrub.keys);
  read(scrub, "safe_keys", settings.scrub.safe_keys);
  read(scrub, "ip_addresses", settings.scrub.ip_addresses);
  read(document, "allowed_origins", settings.allowed_origins);
  if (const auto& rules = member(document, "fingerprint_rules"); rules.is_string()) {
    settings.fingerprint_rules = rules.get<std::string>();
  }
}

}  // namespace mesher::postgres
