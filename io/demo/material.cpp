#include "io/demo/material.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace mesher::demo {
namespace {

using Json = nlohmann::ordered_json;

Service service_from(const std::string& name, const Json& json) {
  Service service;
  service.name = name;
  service.platform = json.at("platform");
  service.sdk_name = json.at("sdk").at(0);
  service.sdk_version = json.at("sdk").at(1);
  const std::string kind = json.at("kind");
  service.kind = kind == "browser" ? Kind::browser : kind == "phone" ? Kind::phone : Kind::server;
  if (const auto runtime = json.find("runtime"); runtime != json.end()) {
    service.runtime = runtime->at(0);
    service.runtime_version = runtime->at(1);
  }
  if (const auto hosts = json.find("hosts"); hosts != json.end()) hosts->get_to(service.hosts);
  for (const auto& release : json.at("releases")) service.releases.push_back({release.at(0), release.at(1)});
  service.breadcrumbs = json.at("crumbs").dump();
  return service;
}

Piece piece_from(const Json& json) {
  Piece piece;
  if (const auto at = json.find("at"); at != json.end()) {
    piece.from = *at;
    piece.to = piece.from + json.at("minutes").get<double>() / (24 * 60);
    piece.events = json.at("events");
    piece.burst = true;
  } else {
    piece.from = json.at("from");
    piece.to = json.at("to");
    piece.events = json.at("per_day").get<double>() * (piece.to - piece.from);
  }
  if (piece.from < 0 || piece.to > kDays || piece.to <= piece.from) throw std::runtime_error("a piece of no length");
  return piece;
}

Action action_from(const Json& json) {
  Action action{json.at("day"), json.at("who"), json.at("do"), ""};
  if (action.what == "assign") action.detail = json.at("to");
  if (action.what == "comment") action.detail = json.at("text");
  if (action.what == "archive" && json.contains("until")) action.detail = json.at("until").dump();
  return action;
}

Story story_from(const Json& json, const std::vector<Service>& services) {
  Story story;
  story.name = json.at("name");
  const std::string service = json.at("service");
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const Service& one) { return one.name == service; });
  if (found == services.end()) throw std::runtime_error("no such service: " + service);
  story.service = static_cast<std::size_t>(found - services.begin());
  story.environment = json.value("environment", "");
  story.path = json.at("path");
  story.method = json.value("method", "GET");
  story.user_agent = json.value("user_agent", "");
  if (const auto free = json.find("not_in"); free != json.end()) free->get_to(story.not_in);
  story.event = json.at("event").dump();
  story.weight = json.at("weight");
  for (const auto& piece : json.at("schedule")) story.schedule.push_back(piece_from(piece));
  if (const auto limited = json.find("limited"); limited != json.end()) story.limited = piece_from(*limited);
  for (const auto& action : json.value("actions", Json::array())) story.actions.push_back(action_from(action));
  for (const auto& report : json.value("feedback", Json::array())) {
    story.reports.push_back({report.at("day"), report.at("name"), report.at("email"), report.at("comments")});
  }
  return story;
}

}  // namespace

Result<Material> read_material(const std::vector<StoryFile>& files) {
  Material material;
  std::string place = "services";
  try {
    for (const auto& file : files) {
      if (file.name != "services") continue;
      const auto services = Json::parse(file.text);
      for (const auto& [name, json] : services.items()) material.services.push_back(service_from(name, json));
    }
    for (const auto& file : files) {
      if (file.name == "services") continue;
      place = file.name;
      const auto stories = Json::parse(file.text);
      for (const auto& json : stories) {
        place = fmt::format("{}: {}", file.name, json.value("name", "?"));
        material.stories.push_back(story_from(json, material.services));
      }
    }
  } catch (const std::exception& error) {
    return Error{ErrorCode::invalid, fmt::format("story {}: {}", place, error.what()), {}};
  }
  return material;
}

}  // namespace mesher::demo
