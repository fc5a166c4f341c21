#include "io/notify/action.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/notify/signature.hpp"

namespace mesher::notify {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Action& action) {
  Json json{{"type", action.type}};
  if (action.type == "email") {
    json["to"] = action.to;
    return json;
  }
  json["url"] = action.url;
  json["format"] = action.format;
  if (!action.text.empty()) json["template"] = action.text;
  if (!action.sealed_secret.empty()) json["sealed_secret"] = action.sealed_secret;
  return json;
}

std::optional<Action> action_of(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto text = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  Action action{text("type"), text("url"), text("format"), text("template"), text("sealed_secret"), {}};
  if (const auto to = json.find("to"); to != json.end() && to->is_array()) {
    for (const auto& one : *to) {
      if (one.is_string()) action.to.push_back(one.get<std::string>());
    }
  }
  if (action.type != "webhook" && action.type != "email") return std::nullopt;
  return action;
}

bool has_blank_or_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

}  // namespace

std::string to_json(const Action& action) {
  return json_of(action).dump();
}

std::string to_json(const std::vector<Action>& actions) {
  Json list = Json::array();
  for (const auto& action : actions) list.push_back(json_of(action));
  return list.dump();
}

std::optional<Action> action_from_json(std::string_view json) {
  return action_of(Json::parse(json, nullptr, false));
}

std::optional<std::vector<Action>> actions_from_json(std::string_view json) {
  const auto parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_array()) return std::nullopt;
  std::vector<Action> actions;
  for (const auto& one : parsed) {
    auto action = action_of(one);
    if (!action) return std::nullopt;
    actions.push_back(*std::move(action));
  }
  return actions;
}

std::string channel_of(const Action& action, std::int64_t rule_id) {
  auto json = json_of(action);
  json.erase("sealed_secret");
  if (action.format == "pagerduty") json["rule"] = rule_id;
  return digest_of(json.dump());
}

std::string mistake_in_url(std::string_view url) {
  if (url.size() > 2048) return "is longer than 2048 bytes";
  if (has_blank_or_control(url)) return "has blanks or control characters";
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos || (url.substr(0, scheme) != "http" && url.substr(0, scheme) != "https")) {
    return "must begin with https:// or http://";
  }
  const auto authority = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - (scheme + 3));
  if (authority.find('@') != std::string_view::npos) return "must not have a user name: use a secret";
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return "has an address that is not closed";
  const auto colon = authority.find(':', bracket);
  const auto host = authority.substr(0, colon);
  if (host.empty()) return "has no host";
  const auto allowed = [](char c) {
    const bool ascii = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return ascii || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']' || (c & 0x80) != 0;
  };
  if (!std::all_of(host.begin(), host.end(), allowed)) return "has a host that is none";
  if (colon != std::string_view::npos) {
    const auto port = authority.substr(colon + 1);
    const bool digits = !port.empty() && port.size() <= 5 &&
                        std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || std::stol(std::string(port)) < 1 || std::stol(std::string(port)) > 65535) {
      return "has a port that is none";
    }
  }
  return {};
}

std::string mistake_in_address(std::string_view address) {
  if (address.size() > 254) return "is longer than 254 bytes";
  const auto at = address.rfind('@');
  const bool plausible = at != std::string_view::npos && at > 0 && at + 1 < address.size() &&
                         !has_blank_or_control(address) && address.find_first_of("<>,;\"()[]\\@") == at;
  return plausible ? "" : "is no mail address";
}

}  // namespace mesher::notify
