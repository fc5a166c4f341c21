#include "graph/config_tree.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

namespace mesher::graph {
namespace {

Place place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

ConfigValue converted(const toml::node& node);

ConfigValue converted_table(const toml::table& table) {
  ConfigValue out;
  for (const auto& [key, node] : table) {
    out.entries.push_back({std::string(key.str()), place_of(key.source()), converted(node)});
  }
  std::stable_sort(out.entries.begin(), out.entries.end(), [](const ConfigEntry& a, const ConfigEntry& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  return out;
}

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

ConfigValue converted(const toml::node& node) {
  ConfigValue out;
  if (const auto* table = node.as_table()) {
    out = converted_table(*table);
  } else if (const auto* list = node.as_array()) {
    out.kind = ConfigKind::list;
    for (const auto& element : *list) out.list.push_back(converted(element));
  } else if (const auto* text = node.as_string()) {
    out.kind = ConfigKind::string;
    out.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    out.kind = ConfigKind::integer;
    out.integer = integer->get();
    out.number = static_cast<double>(out.integer);
  } else if (const auto* number = node.as_floating_point()) {
    out.kind = ConfigKind::number;
    out.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    out.kind = ConfigKind::boolean;
    out.boolean = boolean->get();
  } else {
    out.kind = ConfigKind::time;
    node.visit([&](const auto& value) {
      if constexpr (toml::is_chronological<decltype(value)>) out.text = printed(value.get());
    });
  }
  out.place = place_of(node.source());
  return out;
}

nlohmann::json json_of(const ConfigValue& value) {
  switch (value.kind) {
    case ConfigKind::boolean:
      return value.boolean;
    case ConfigKind::integer:
      return value.integer;
    case ConfigKind::number:
      return value.number;
    case ConfigKind::string:
    case ConfigKind::time:
      return value.text;
    case ConfigKind::list: {
      auto out = nlohmann::json::array();
      for (const auto& element : value.list) out.push_back(json_of(element));
      return out;
    }
    case ConfigKind::table:
      break;
  }
  auto out = nlohmann::json::object();
  for (const auto& entry : value.entries) out[entry.key] = json_of(entry.value);
  return out;
}

}  // namespace

std::string_view name_of(ConfigKind kind) {
  switch (kind) {
    case ConfigKind::boolean:
      return "a boolean";
    case ConfigKind::integer:
      return "an integer";
    case ConfigKind::number:
      return "a number";
    case ConfigKind::string:
      return "a string";
    case ConfigKind::time:
      return "a date or time";
    case ConfigKind::list:
      return "a list";
    case ConfigKind::table:
      return "a table";
  }
  return "a value";
}

const ConfigEntry* ConfigValue::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

ConfigValue parse_toml(std::string_view text, std::vector<Diagnostic>& mistakes) {
  try {
    return converted_table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    mistakes.push_back({place_of(error.source()), std::string(error.description()), "this is not valid TOML"});
  } catch (const std::exception& error) {
    mistakes.push_back({{1, 1}, error.what(), "this is not valid TOML"});
  }
  return {};
}

std::string to_json(const ConfigValue& value) {
  return json_of(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace mesher::graph
