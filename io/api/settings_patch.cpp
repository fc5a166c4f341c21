#include "io/api/settings_patch.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "nodes/fingerprint_rules.hpp"

namespace mesher::api {
namespace {

using Check = void (*)(Body&, std::string_view name);

constexpr std::size_t kMostEntries = 200;
constexpr std::size_t kLongestEntry = 500;
constexpr std::int64_t kMostEvents = 1'000'000'000;
constexpr std::int64_t kFewestEvents = 1000;
constexpr std::int64_t kMostDays = 3650;

void boolean(Body& body, std::string_view name) {
  static_cast<void>(body.boolean(name));
}

void share(Body& body, std::string_view name) {
  const auto* value = body.member(name);
  if (value == nullptr) return;
  if (!value->is_number() || value->get<double>() < 0 || value->get<double>() > 1) {
    body.refuse(name, "must be a number from 0 to 1");
  }
}

void events_per_minute(Body& body, std::string_view name) {
  static_cast<void>(body.integer(name, 0, kMostEvents));
}

void days(Body& body, std::string_view name) {
  static_cast<void>(body.integer(name, 1, kMostDays));
}

/// 0: none. Less than a thousand would hardly leave an example of each issue.
void budget(Body& body, std::string_view name) {
  const auto value = body.integer(name, 0, kMostEvents);
  if (value && *value != 0 && *value < kFewestEvents) body.refuse(name, "must be 0 or at least 1000");
}

void entries(Body& body, std::string_view name) {
  static_cast<void>(body.texts(name, kMostEntries, kLongestEntry));
}

/// "10.1.2.3", "10.0.0.0/8", "2001:db8::/32"
bool is_network(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  std::array<unsigned char, 16> bytes{};
  const bool four = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!four && inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  if (slash == std::string::npos) return true;
  int bits = -1;
  const auto* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data() + slash + 1, end, bits);
  return problem == std::errc() && stopped == end && bits >= 0 && bits <= (four ? 32 : 128);
}

void networks(Body& body, std::string_view name) {
  const auto list = body.texts(name, kMostEntries, kLongestEntry);
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    if (!is_network((*list)[i])) {
      return body.refuse(fmt::format("{}[{}]", name, i), "must be an address or a range such as 10.0.0.0/8");
    }
  }
}

void origins(Body& body, std::string_view name) {
  const auto list = body.texts(name, kMostEntries, kLongestEntry);
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    if ((*list)[i].find_first_of(" ,;\"'<>\\") != std::string::npos) {
      return body.refuse(fmt::format("{}[{}]", name, i), "must be *, a host, or *.host, with or without https://");
    }
  }
}

/// The rules of nodes/fingerprint_rules.hpp, whose mistakes are told with their place.
void fingerprint_rules(Body& body, std::string_view name) {
  const auto text = body.secret(name, 0, nodes::FingerprintRules::kMostBytes);
  const auto mistakes = nodes::check_fingerprint_rules(text.value_or(""));
  if (mistakes.empty()) return;
  const auto& first = mistakes.front();
  body.refuse(name, fmt::format("line {}, column {}: {}{}{}", first.place.line, first.place.column, first.message,
                                first.hint.empty() ? "" : ": ", first.hint));
}

/// `group` empty: a setting of the first level.
struct Setting {
  std::string_view group, name;
  Check check;
};

constexpr std::array kSettings{
    Setting{"", "sample_rate", share},
    Setting{"", "rate_limit_per_minute", events_per_minute},
    Setting{"", "retention_days", days},
    Setting{"", "event_budget", budget},
    Setting{"", "allowed_origins", origins},
    Setting{"", "fingerprint_rules", fingerprint_rules},
    Setting{"filters", "localhost", boolean},
    Setting{"filters", "web_crawlers", boolean},
    Setting{"filters", "browser_extensions", boolean},
    Setting{"filters", "legacy_browsers", boolean},
    Setting{"filters", "messages", entries},
    Setting{"filters", "releases", entries},
    Setting{"filters", "ip_addresses", networks},
    Setting{"scrub", "enabled", boolean},
    Setting{"scrub", "keys", entries},
    Setting{"scrub", "safe_keys", entries},
    Setting{"scrub", "ip_addresses", boolean},
};

bool is_null(const Json& object, std::string_view name) {
  const auto at = object.find(std::string(name));
  return at != object.end() && at->is_null();
}

/// The settings of one group; `null` is good for any.
void check(Body& body, const Json& object, std::string_view group) {
  for (const auto& setting : kSettings) {
    if (setting.group != group) continue;
    if (is_null(object, setting.name)) {
      static_cast<void>(body.member(setting.name));
    } else {
      setting.check(body, setting.name);
    }
  }
}

}  // namespace

Json read_settings(Call& call, Body& body) {
  const auto* given = body.member("settings");
  if (given == nullptr) return {};
  Body settings(call, *given, "settings");
  if (!given->is_object()) return {};
  check(settings, *given, "");
  for (const std::string_view group : {"filters", "scrub"}) {
    const auto* object = settings.member(group);
    if (object == nullptr || object->is_null()) continue;
    Body part(call, *object, settings.path(group));
    if (!object->is_object()) continue;
    check(part, *object, group);
    part.finish();
  }
  settings.finish();
  return *given;
}

std::string patched_settings(const std::string& stored, const Json& given) {
  auto settings = Json::parse(stored, nullptr, false);
  if (!settings.is_object()) settings = Json::object();
  if (given.is_object()) settings.merge_patch(given);  // RFC 7396: null removes
  return settings.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mesher::api
