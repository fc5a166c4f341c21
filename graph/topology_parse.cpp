#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "graph/config_tree.hpp"
#include "graph/options.hpp"
#include "graph/suggest.hpp"
#include "graph/topology.hpp"
#include "graph/topology_check.hpp"

namespace mesher::graph {
namespace {

const std::vector<std::string> kCommonKeys{"type", "inputs", "concurrency", "buffer", "when_full"};

// Far above what helps on any machine; a slip of the keyboard should not allocate threads or memory without end.
constexpr std::int64_t kMostConcurrency = 1024;
constexpr std::int64_t kMostBuffer = 65'536;

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

class TopologyParser {
 public:
  TopologyParser(const Registry& registry, const std::map<std::string, std::string>& sources,
                 const std::vector<std::string>& other_tables)
      : registry_(registry), sources_(sources), other_tables_(other_tables) {
    for (const auto& spec : registry.all()) types_.push_back(spec.type);
  }

  ParsedTopology parse(std::string_view toml) {
    ParsedTopology out;
    out.topology.source_text = toml;
    const ConfigValue file = parse_toml(toml, mistakes_);
    if (mistakes_.empty()) {
      check_top_level(file);
      read_nodes(file);
      check_wiring(nodes_, sources_, mistakes_);
      read_tests(file);
    }
    for (auto& node : nodes_) out.topology.nodes.push_back(std::move(node.config));
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
    });
    out.mistakes = std::move(mistakes_);
    return out;
  }

 private:
  void mistake(Place place, std::string message, std::string hint = {}) {
    mistakes_.push_back({place, std::move(message), std::move(hint)});
  }

  void check_top_level(const ConfigValue& file) {
    std::vector<std::string> known = other_tables_;
    known.insert(known.end(), {"nodes", "tests"});
    for (const auto& entry : file.entries) {
      if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
      const std::string_view what = entry.value.kind == ConfigKind::table ? "table" : "key";
      mistake(entry.place, fmt::format("unknown {} `{}`", what, entry.key), suggestion(entry.key, known));
    }
  }

  void read_nodes(const ConfigValue& file) {
    const ConfigEntry* nodes = file.find("nodes");
    if (nodes == nullptr) {
      mistake({1, 1}, "there are no nodes", "describe each node in a table of its own: [nodes.NAME]");
      return;
    }
    if (nodes->value.kind != ConfigKind::table) {
      mistake(nodes->value.place, fmt::format("`nodes` must be a table, not {}", name_of(nodes->value.kind)),
              "describe each node in a table of its own: [nodes.NAME]");
      return;
    }
    if (nodes->value.entries.empty()) mistake(nodes->place, "there are no nodes", "add a table [nodes.NAME]");
    for (const auto& entry : nodes->value.entries) read_node(entry);
  }

  void read_node(const ConfigEntry& entry) {
    CheckedNode node;
    node.config.name = entry.key;
    node.config.place = node.inputs_place = entry.place;
    if (!is_name(entry.key)) {
      mistake(entry.place, fmt::format("`{}` can't name a node", entry.key), "use letters, digits, `_` and `-`");
    } else if (sources_.contains(entry.key)) {
      mistake(entry.place, fmt::format("`{}` is the name of a source", entry.key), "give the node another name");
    }
    if (entry.value.kind != ConfigKind::table) {
      mistake(entry.value.place,
              fmt::format("node `{}` must be a table, not {}", entry.key, name_of(entry.value.kind)));
      return;
    }
    read_type(entry, node);
    read_inputs(entry, node);
    read_room(entry.value, node);
    if (node.spec != nullptr) read_own_options(entry, node);
    nodes_.push_back(std::move(node));
  }

  void read_type(const ConfigEntry& entry, CheckedNode& node) {
    const ConfigEntry* type = entry.value.find("type");
    if (type == nullptr) {
      // A key beside it that looks like "type" will be named as unknown, too; this is the one to repair.
      mistake(entry.place, fmt::format("node `{}` has no type", entry.key),
              "add type = \"…\"; " + suggestion("", types_));
    } else if (type->value.kind != ConfigKind::string) {
      mistake(type->value.place, fmt::format("`type` must be a string, not {}", name_of(type->value.kind)));
    } else {
      node.config.type = type->value.text;
      node.spec = registry_.find(type->value.text);
      if (node.spec == nullptr) {
        mistake(type->value.place, fmt::format("unknown type `{}` of node `{}`", type->value.text, entry.key),
                suggestion(type->value.text, types_));
      }
    }
  }

  void read_inputs(const ConfigEntry& entry, CheckedNode& node) {
    const ConfigEntry* inputs = entry.value.find("inputs");
    if (inputs == nullptr) return;
    node.inputs_place = inputs->value.place;
    const auto add = [&](const ConfigValue& value) {
      if (value.kind != ConfigKind::string) {
        mistake(value.place, fmt::format("an input must be a string, not {}", name_of(value.kind)),
                "write \"node\" or \"node.output\"");
        return;
      }
      const auto dot = value.text.find('.');
      Input input{value.text.substr(0, dot), dot == std::string::npos ? "" : value.text.substr(dot + 1), value.place};
      const bool bad_output = dot != std::string::npos && input.output.empty();
      if (input.node.empty() || bad_output) {
        mistake(value.place, fmt::format("`{}` is not an input", value.text), "write \"node\" or \"node.output\"");
        return;
      }
      node.config.inputs.push_back(std::move(input));
    };
    if (inputs->value.kind == ConfigKind::list) {
      for (const auto& element : inputs->value.list) add(element);
    } else {
      mistake(inputs->value.place,
              fmt::format("`inputs` must be a list of strings, not {}", name_of(inputs->value.kind)),
              "write inputs = [\"…\"]");
      if (inputs->value.kind == ConfigKind::string) add(inputs->value);
    }
  }

  /// A whole number in a range; nothing if the key is absent or wrong.
  std::optional<std::uint32_t> read_count(const ConfigValue& table, std::string_view key, std::int64_t most) {
    const ConfigEntry* entry = table.find(key);
    if (entry == nullptr) return std::nullopt;
    if (entry->value.kind != ConfigKind::integer) {
      mistake(entry->value.place, fmt::format("`{}` must be an integer, not {}", key, name_of(entry->value.kind)));
      return std::nullopt;
    }
    if (entry->value.integer < 1 || entry->value.integer > most) {
      mistake(entry->value.place, fmt::format("`{}` must lie in 1 to {}, got {}", key, most, entry->value.integer));
      return std::nullopt;
    }
    return static_cast<std::uint32_t>(entry->value.integer);
  }

  void read_room(const ConfigValue& table, CheckedNode& node) {
    const auto concurrency = read_count(table, "concurrency", kMostConcurrency);
    const auto buffer = read_count(table, "buffer", kMostBuffer);
    const ConfigEntry* when_full = table.find("when_full");
    const bool said = when_full != nullptr && when_full->value.kind == ConfigKind::string;
    if (when_full != nullptr && (!said || (when_full->value.text != "wait" && when_full->value.text != "drop"))) {
      mistake(when_full->value.place, "`when_full` must be \"wait\" or \"drop\"",
              said && nearest(when_full->value.text, {"wait", "drop"}) != ""
                  ? fmt::format("did you mean \"{}\"?", nearest(when_full->value.text, {"wait", "drop"}))
                  : "\"wait\" pushes back to the sender, \"drop\" counts and drops");
    }
    if (node.spec == nullptr) return;
    node.config.concurrency = concurrency.value_or(1);
    node.config.buffer = buffer.value_or(node.spec->default_buffer);
    node.config.when_full = said ? when_full->value.text : node.spec->default_when_full;
    if (node.spec->serial && node.config.concurrency > 1) {
      mistake(table.find("concurrency")->value.place, fmt::format("`concurrency` of a {} is always 1", node.spec->type),
              "its batches must stay in order");
    }
    if (!node.spec->ordered_sink) return;
    if (const ConfigEntry* entry = table.find("buffer"); entry != nullptr) {
      mistake(entry->value.place, fmt::format("`buffer` of a {} can't be set", node.spec->type),
              "its room is the number of batches that the source may have in flight");
    }
    if (said && node.config.when_full == "drop") {
      mistake(when_full->value.place, fmt::format("a {} can't drop batches", node.spec->type), "leave when_full out");
    }
  }

  void read_own_options(const ConfigEntry& entry, CheckedNode& node) {
    const std::size_t before = mistakes_.size();
    auto read = read_options(*node.spec, entry.key, entry.value, kCommonKeys, entry.place, mistakes_);
    node.config.options_json = std::move(read.json);
    node.config.options_given = std::move(read.given);
    // Its own checks and outputs may count on options that are right as such.
    if (mistakes_.size() != before) return;
    try {
      run_own_checks(entry, node);
    } catch (const std::exception& error) {
      mistake(entry.place, fmt::format("the options of `{}` can't be checked: {}", entry.key, error.what()));
    }
  }

  void run_own_checks(const ConfigEntry& entry, CheckedNode& node) {
    const std::size_t before = mistakes_.size();
    const auto options = make_options(*node.spec, entry.key, node.config.options_json, node.config.options_given);
    if (node.spec->check) {
      for (const auto& found : node.spec->check(*options)) {
        const ConfigEntry* at = entry.value.find(found.option);
        mistake(at == nullptr ? entry.place : at->value.place, fmt::format("`{}` {}", found.option, found.message),
                found.hint);
      }
    }
    if (mistakes_.size() != before) return;
    if (node.spec->outputs) node.outputs = node.spec->outputs(*options);
    node.outputs_known = true;
  }

  /// `[[tests]]` belong to the tool that runs them; here only what concerns the topology.
  void read_tests(const ConfigValue& file) {
    const ConfigEntry* tests = file.find("tests");
    if (tests == nullptr) return;
    if (tests->value.kind != ConfigKind::list) {
      mistake(tests->place, "`tests` must be a list of tables", "begin each test with [[tests]]");
      return;
    }
    std::vector<std::string> names;
    for (const auto& node : nodes_) names.push_back(node.config.name);
    for (const auto& test : tests->value.list) {
      if (test.kind != ConfigKind::table) {
        mistake(test.place, fmt::format("a test must be a table, not {}", name_of(test.kind)),
                "begin each test with [[tests]]");
        continue;
      }
      const ConfigEntry* at = test.find("insert_at");
      if (at == nullptr || at->value.kind != ConfigKind::string) continue;
      if (std::find(names.begin(), names.end(), at->value.text) != names.end()) continue;
      mistake(at->value.place, fmt::format("there is no node `{}` to insert at", at->value.text),
              suggestion(at->value.text, names));
    }
  }

  const Registry& registry_;
  const std::map<std::string, std::string>& sources_;
  const std::vector<std::string>& other_tables_;
  std::vector<std::string> types_;
  std::vector<CheckedNode> nodes_;
  std::vector<Diagnostic> mistakes_;
};

}  // namespace

std::string Diagnostic::text(std::string_view file) const {
  std::string out = fmt::format("{}:{}:{}: {}", file, place.line, place.column, message);
  if (!hint.empty()) out += fmt::format(" ({})", hint);
  return out;
}

ParsedTopology parse_topology(std::string_view toml, const Registry& registry,
                              const std::map<std::string, std::string>& sources,
                              const std::vector<std::string>& other_tables) {
  return TopologyParser(registry, sources, other_tables).parse(toml);
}

}  // namespace mesher::graph
