#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/topology.hpp"

/// A TOML file as plain data with places: what the topology parser reads, and of use to any other reader of such a
/// file. Keeps the TOML library inside config_tree.cpp.
namespace mesher::graph {

enum class ConfigKind : std::uint8_t { boolean, integer, number, string, time, list, table };

/// "a string", "a table", … for messages.
[[nodiscard]] std::string_view name_of(ConfigKind kind);

struct ConfigEntry;

struct ConfigValue {
  ConfigKind kind = ConfigKind::table;
  Place place;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;  ///< also set for integers
  std::string text;   ///< of strings; of times as in the file
  std::vector<ConfigValue> list;
  std::vector<ConfigEntry> entries;  ///< of tables, in the order of the file

  [[nodiscard]] const ConfigEntry* find(std::string_view key) const;
};

struct ConfigEntry {
  std::string key;
  Place place;  ///< of the key
  ConfigValue value;
};

/// The whole file as a table. A syntax error is one more mistake, at its place; the answer is an empty table then.
[[nodiscard]] ConfigValue parse_toml(std::string_view text, std::vector<Diagnostic>& mistakes);

/// A value as compact JSON with sorted keys. Times become strings.
[[nodiscard]] std::string to_json(const ConfigValue& value);

}  // namespace mesher::graph
