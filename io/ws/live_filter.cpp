#include "io/ws/live_filter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "nodes/coerce.hpp"
#include "nodes/query/parse.hpp"

namespace mesher::ws {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxMessage = 64 * 1024;
constexpr std::size_t kMaxId = 128;
constexpr std::size_t kMaxValues = 100;

/// Ends the reading of a message; caught in parse_live_request.
struct Wrong {
  std::string code, message;
  std::size_t position = 0;
};

/// A string or a list of strings.
std::vector<std::string> strings(const Json& value, const std::string& name) {
  std::vector<std::string> out;
  if (value.is_null()) return out;
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array() || value.size() > kMaxValues)
    throw Wrong{"invalid_filter", name + " must be a list of strings"};
  for (const auto& each : value) {
    if (!each.is_string()) throw Wrong{"invalid_filter", name + " must be a list of strings"};
    out.push_back(each.get<std::string>());
  }
  return out;
}

std::uint8_t read_levels(const Json& value) {
  std::uint8_t bits = 0;
  for (const auto& name : strings(value, "filter.level")) {
    const auto level = nodes::level_from(name);
    if (!level) throw Wrong{"invalid_filter", "filter.level: \"" + name + "\" is no level"};
    bits = static_cast<std::uint8_t>(bits | 1U << static_cast<unsigned>(*level));
  }
  return bits;
}

/// Compiled once, however many events it will be asked of. Answers its printed form.
query::Node read_query(const Json& value) {
  if (value.is_null()) return {};
  if (!value.is_string()) throw Wrong{"invalid_filter", "filter.query must be a string"};
  auto parsed = query::parse(value.get_ref<const std::string&>(), query::Scope::stream);
  if (auto* mistake = std::get_if<query::Mistake>(&parsed)) {
    throw Wrong{"invalid_query",
                "filter.query: position " + std::to_string(mistake->position) + ": " + mistake->message,
                mistake->position};
  }
  return std::get<query::Node>(std::move(parsed));
}

/// The most selective thing that the filter asks for.
query::Requirement requirement(const LiveFilter& filter, const query::Node& query) {
  query::Requirement required;
  const auto of = [&](query::Field field, std::string_view key, const std::vector<std::string>& values) {
    for (const auto& value : values) required.any_mark.push_back(query::mark_of(field, key, value));
  };
  const auto is_good = [](const std::vector<std::string>& values) {
    return !values.empty() && std::none_of(values.begin(), values.end(), [](const auto& v) { return v.empty(); });
  };
  for (const auto& [key, values] : filter.tags) {
    if (!is_good(values)) continue;
    of(query::Field::tag, key, values);
    return required;
  }
  required = query::requirement_of(query);
  if (required.any_mark.empty() && is_good(filter.environments)) {
    required = {};
    of(query::Field::environment, {}, filter.environments);
  }
  return required;
}

LiveFilter read_filter(const Json& value) {
  LiveFilter filter;
  query::Node query;
  if (value.is_null()) return filter;
  if (!value.is_object()) throw Wrong{"invalid_filter", "filter must be an object"};
  for (const auto& [name, part] : value.items()) {
    if (name == "level") {
      filter.levels = read_levels(part);
    } else if (name == "environment") {
      filter.environments = strings(part, "filter.environment");
    } else if (name == "tags") {
      if (!part.is_object() || part.size() > kMaxValues) throw Wrong{"invalid_filter", "filter.tags must be an object"};
      for (const auto& [key, values] : part.items())
        filter.tags.emplace_back(key, strings(values, "filter.tags." + key));
    } else if (name == "issue_id") {
      if (!part.is_null() && !part.is_number_integer())
        throw Wrong{"invalid_filter", "filter.issue_id must be a number"};
      if (!part.is_null()) filter.issue_id = part.get<std::int64_t>();
    } else if (name == "query") {
      query = read_query(part);
    } else {
      throw Wrong{"invalid_filter", "filter has no \"" + name + "\": use level, environment, tags, issue_id, query"};
    }
  }
  if (!query.empty()) filter.matcher = std::make_shared<const query::Matcher>(query);
  filter.required = requirement(filter, query);
  filter.key = Json{filter.levels, filter.environments, filter.tags, filter.issue_id, query::print(query)}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
  return filter;
}

LiveSince read_since(const Json& value) {
  LiveSince since;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    since.event = nodes::EventId::parse(text);
    if (since.event) return since;
    if (const auto time = nodes::parse_rfc3339(text)) {
      since.time = *time;
      return since;
    }
  }
  throw Wrong{"invalid_message", "since must be the id of an event or a time (RFC 3339)"};
}

LiveRequest read_request(const Json& json) {
  const auto type = json.find("type");
  if (type == json.end() || (*type != "subscribe" && *type != "unsubscribe")) {
    throw Wrong{"invalid_message", "type must be \"subscribe\" or \"unsubscribe\""};
  }
  LiveRequest request;
  if (const auto id = json.find("id"); id != json.end() && id->is_string()) request.id = id->get<std::string>();
  if (request.id.empty() || request.id.size() > kMaxId) {
    throw Wrong{"invalid_message", "id must be a string of 1 to 128 bytes that names the subscription"};
  }
  if (*type == "unsubscribe") {
    request.type = LiveRequest::Type::unsubscribe;
    return request;
  }
  const auto project = json.find("project_id");
  if (project == json.end() || !project->is_number_unsigned() || *project > 0xFFFF'FFFFU) {
    throw Wrong{"invalid_message", "project_id must be the project's number"};
  }
  request.project_id = project->get<std::uint32_t>();
  if (const auto filter = json.find("filter"); filter != json.end()) request.filter = read_filter(*filter);
  if (const auto since = json.find("since"); since != json.end() && !since->is_null()) {
    request.since = read_since(*since);
  }
  return request;
}

template <class Range, class Value>
bool contains(const Range& range, const Value& value) {
  return std::find(range.begin(), range.end(), value) != range.end();
}

}  // namespace

bool LiveFilter::passes(const nodes::Event& event) const {
  if (levels != 0 && (levels >> static_cast<unsigned>(event.level) & 1U) == 0) return false;
  if (issue_id != 0 && event.issue_id != issue_id) return false;
  if (!environments.empty() && !contains(environments, event.environment)) return false;
  const bool tagged = std::all_of(tags.begin(), tags.end(), [&](const auto& wanted) {
    return std::any_of(event.tags.begin(), event.tags.end(), [&](const nodes::Tag& tag) {
      return tag.key == wanted.first && contains(wanted.second, tag.value);
    });
  });
  return tagged && (!matcher || matcher->matches(event));
}

ParsedLiveRequest parse_live_request(std::string_view text) {
  ParsedLiveRequest parsed;
  if (text.size() > kMaxMessage) {
    parsed.mistake = {{}, "invalid_message", "the message is larger than 64 KiB"};
    return parsed;
  }
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) {
    parsed.mistake = {{}, "invalid_message", "a message is a JSON object"};
    return parsed;
  }
  try {
    parsed.request = read_request(json);
  } catch (Wrong& wrong) {
    const auto id = json.find("id");
    const bool named = id != json.end() && id->is_string() && id->get_ref<const std::string&>().size() <= kMaxId;
    parsed.mistake = {named ? id->get<std::string>() : std::string(), std::move(wrong.code), std::move(wrong.message),
                      wrong.position};
  }
  return parsed;
}

}  // namespace mesher::ws
