#include "nodes/topology_test_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "graph/config_tree.hpp"
#include "graph/suggest.hpp"
#include "graph/units.hpp"
#include "nodes/coerce.hpp"

namespace mesher::nodes {
namespace {

using graph::ConfigEntry;
using graph::ConfigKind;
using graph::ConfigValue;

class Reader {
 public:
  Reader(const graph::Topology& topology, std::vector<graph::Diagnostic>& mistakes) : mistakes_(mistakes) {
    for (const auto& node : topology.nodes) nodes_.push_back(node.name);
  }

  TestCase read(const ConfigValue& table) {
    TestCase test;
    test.place = table.place;
    for (const auto& entry : table.entries) {
      if (entry.key == "name") {
        test.name = text(entry);
      } else if (entry.key == "insert_at") {
        test.insert_at = node(entry);
      } else if (entry.key == "at") {
        test.at = time(entry);
      } else if (entry.key == "event") {
        test.steps.push_back({event(entry.value), {}});
      } else if (entry.key == "events") {
        for (const auto& one : list(entry)) test.steps.push_back({event(one), {}});
      } else if (entry.key == "steps") {
        for (const auto& one : list(entry)) test.steps.push_back(step(one));
      } else if (entry.key == "expect") {
        for (const auto& one : list(entry)) test.expectations.push_back(expectation(one));
      } else {
        unknown(entry, {"name", "insert_at", "at", "event", "events", "steps", "expect"});
      }
    }
    if (test.name.empty()) mistake(table.place, "a test needs a name", "name = \"scrubs passwords\"");
    if (test.insert_at.empty()) mistake(table.place, "a test needs a node to insert at", "insert_at = \"parse\"");
    if (test.steps.empty()) mistake(table.place, "a test needs an event", "event = { message = \"…\" }");
    if (test.expectations.empty()) {
      mistake(table.place, "a test expects nothing", "expect = [{ node = \"scrub\", message = \"…\" }]");
    }
    return test;
  }

 private:
  void mistake(graph::Place place, std::string message, std::string hint = {}) {
    mistakes_.push_back({place, std::move(message), std::move(hint)});
  }
  void unknown(const ConfigEntry& entry, const std::vector<std::string>& known) {
    mistake(entry.place, fmt::format("unknown key `{}`", entry.key), graph::suggestion(entry.key, known));
  }
  void wrong(const ConfigEntry& entry, std::string_view what) {
    mistake(entry.value.place,
            fmt::format("`{}` must be {}, not {}", entry.key, what, graph::name_of(entry.value.kind)));
  }

  std::string text(const ConfigEntry& entry) {
    if (entry.value.kind == ConfigKind::string) return entry.value.text;
    wrong(entry, "a string");
    return {};
  }
  std::string node(const ConfigEntry& entry) {
    auto name = text(entry);
    if (!name.empty() && std::find(nodes_.begin(), nodes_.end(), name) == nodes_.end()) {
      // For insert_at the topology's own check has said it already.
      if (entry.key == "node") {
        mistake(entry.value.place, fmt::format("there is no node `{}`", name), graph::suggestion(name, nodes_));
      }
    }
    return name;
  }
  std::optional<UnixMicros> time(const ConfigEntry& entry) {
    const auto& value = entry.value;
    if (value.kind == ConfigKind::string || value.kind == ConfigKind::time) {
      if (const auto time = parse_rfc3339(value.text)) return time;
    }
    mistake(value.place, fmt::format("`{}` must be a time", entry.key), "write \"2026-01-31T12:00:00Z\"");
    return std::nullopt;
  }
  const std::vector<ConfigValue>& list(const ConfigEntry& entry) {
    static const std::vector<ConfigValue> kNone;
    if (entry.value.kind == ConfigKind::list) return entry.value.list;
    wrong(entry, "a list");
    return kNone;
  }
  /// A table becomes JSON; a string is JSON already.
  std::string event(const ConfigValue& value) {
    if (value.kind == ConfigKind::table) return graph::to_json(value);
    if (value.kind == ConfigKind::string) return value.text;
    mistake(value.place, fmt::format("an event must be a table or a string of JSON, not {}", name_of(value.kind)));
    return "{}";
  }
  TestStep step(const ConfigValue& value) {
    TestStep step;
    const auto* sent = value.kind == ConfigKind::table ? value.find("event") : nullptr;
    const auto* advance = value.kind == ConfigKind::table ? value.find("advance") : nullptr;
    if ((sent == nullptr) == (advance == nullptr) || value.entries.size() != 1) {
      mistake(value.place, "a step is an event or an advance of the clock",
              "{ event = { message = \"…\" } } or { advance = \"10 s\" }");
    } else if (sent != nullptr) {
      step.event = event(sent->value);
    } else {
      const auto micros = graph::parse_duration(text(*advance));
      if (micros) {
        step.advance = std::chrono::microseconds(*micros);
      } else {
        mistake(advance->value.place, "`advance`: " + micros.error().message, micros.error().hint);
      }
    }
    return step;
  }

  void field(const std::string& name, const ConfigEntry& entry, TestExpectation& expectation) {
    if (entry.value.kind == ConfigKind::list || entry.value.kind == ConfigKind::table) {
      return wrong(entry, "a text or a number");
    }
    auto value = entry.value.kind == ConfigKind::string ? entry.value.text : graph::to_json(entry.value);
    expectation.fields.emplace_back(name, std::move(value));
  }

  TestExpectation expectation(const ConfigValue& value) {
    TestExpectation out;
    out.place = value.place;
    if (value.kind != ConfigKind::table) {
      mistake(value.place, "an expectation must be a table", "{ node = \"scrub\", message = \"…\" }");
      return out;
    }
    const auto& fields = expectable_fields();
    for (const auto& entry : value.entries) {
      if (entry.key == "node") {
        out.node = node(entry);
      } else if (entry.key == "output") {
        out.output = text(entry);
      } else if (entry.key == "dropped") {
        out.dropped = text(entry);
      } else if (entry.key == "count" && entry.value.kind == ConfigKind::integer) {
        out.count = entry.value.integer;
      } else if (entry.key == "count") {
        wrong(entry, "a whole number");
      } else if (entry.key == "tags" && entry.value.kind == ConfigKind::table) {
        for (const auto& tag : entry.value.entries) field("tags." + tag.key, tag, out);
      } else if (entry.key == "tags") {
        wrong(entry, "a table");
      } else if (std::find(fields.begin(), fields.end(), entry.key) != fields.end()) {
        field(entry.key, entry, out);
      } else {
        auto known = fields;
        known.insert(known.end(), {"node", "output", "dropped", "count", "tags"});
        unknown(entry, known);
      }
    }
    if (out.node.empty()) mistake(value.place, "an expectation needs a node", "node = \"scrub\"");
    return out;
  }

  std::vector<std::string> nodes_;
  std::vector<graph::Diagnostic>& mistakes_;
};

}  // namespace

const std::vector<std::string>& expectable_fields() {
  static const std::vector<std::string> kFields{"message",  "level",       "type",        "title",       "culprit",
                                                "platform", "logger",      "release",     "environment", "dist",
                                                "user",     "transaction", "server_name", "payload",     "fingerprint"};
  return kFields;
}

std::vector<TestCase> read_tests(std::string_view toml, const graph::Topology& topology,
                                 std::vector<graph::Diagnostic>& mistakes) {
  std::vector<TestCase> tests;
  const auto file = graph::parse_toml(toml, mistakes);
  const auto* list = file.find("tests");
  if (list == nullptr || list->value.kind != ConfigKind::list) return tests;
  Reader reader(topology, mistakes);
  for (const auto& table : list->value.list) {
    if (table.kind == ConfigKind::table) tests.push_back(reader.read(table));
  }
  return tests;
}

}  // namespace mesher::nodes
