#include "graph/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "graph/base/assert.hpp"
#include "graph/suggest.hpp"
#include "graph/units.hpp"

namespace mesher::graph {
namespace {

using Json = nlohmann::json;

/// A value in normal form, or what is wrong with it.
struct Normal {
  Json json;
  std::string wrong;
  std::string hint;
};

Normal wrong_type(OptionType wanted, const ConfigValue& value) {
  return {{}, fmt::format("must be {}, not {}", name_of(wanted), name_of(value.kind)), {}};
}

Normal united(const ConfigValue& value, OptionType type, Result<std::int64_t> (*parse)(std::string_view)) {
  if (value.kind == ConfigKind::integer && type == OptionType::bytes) {
    if (value.integer < 0) return {{}, "must not be negative", {}};
    return {value.integer, {}, {}};
  }
  if (value.kind != ConfigKind::string) return wrong_type(type, value);
  auto parsed = parse(value.text);
  if (!parsed) return {{}, fmt::format("must be {}, got \"{}\"", name_of(type), value.text), parsed.error().hint};
  return {*parsed, {}, {}};
}

Normal string_list(const ConfigValue& value) {
  if (value.kind != ConfigKind::list) return wrong_type(OptionType::string_list, value);
  auto out = Json::array();
  for (const auto& element : value.list) {
    if (element.kind != ConfigKind::string) return wrong_type(OptionType::string_list, element);
    out.push_back(element.text);
  }
  return {std::move(out), {}, {}};
}

Normal normal(OptionType type, const ConfigValue& value) {
  switch (type) {
    case OptionType::boolean:
      return value.kind == ConfigKind::boolean ? Normal{value.boolean, {}, {}} : wrong_type(type, value);
    case OptionType::integer:
      return value.kind == ConfigKind::integer ? Normal{value.integer, {}, {}} : wrong_type(type, value);
    case OptionType::number: {
      const bool numeric = value.kind == ConfigKind::integer || value.kind == ConfigKind::number;
      if (!numeric) return wrong_type(type, value);
      if (!std::isfinite(value.number)) return {{}, "must be finite", {}};
      return {value.number, {}, {}};
    }
    case OptionType::string:
      return value.kind == ConfigKind::string ? Normal{value.text, {}, {}} : wrong_type(type, value);
    case OptionType::bytes:
      return united(value, type, parse_bytes);
    case OptionType::duration:
      return united(value, type, parse_duration);
    case OptionType::string_list:
      return string_list(value);
    case OptionType::table:
      // A free table may also be written as a list of tables.
      if (value.kind != ConfigKind::table && value.kind != ConfigKind::list) return wrong_type(type, value);
      return {Json::parse(to_json(value)), {}, {}};
  }
  return wrong_type(type, value);
}

std::string shown(OptionType type, double limit) {
  if (type == OptionType::bytes) return format_bytes(static_cast<std::int64_t>(limit));
  if (type == OptionType::duration) return format_duration(static_cast<std::int64_t>(limit));
  return fmt::format("{}", limit);
}

std::string shown(const OptionSpec& spec, const Json& value) {
  if (spec.type == OptionType::bytes) return format_bytes(value.get<std::int64_t>());
  if (spec.type == OptionType::duration) return format_duration(value.get<std::int64_t>());
  return value.dump();
}

/// Limits and choices of a value whose type is right. Limits of durations are in microseconds, of sizes in bytes.
void check_value(const OptionSpec& spec, Normal& value) {
  if (value.json.is_number()) {
    const double number = value.json.get<double>();
    const bool low = spec.min && number < *spec.min;
    const bool high = spec.max && number > *spec.max;
    if (!low && !high) return;
    const std::string limits = spec.min && spec.max ? fmt::format("must lie in {} to {}", shown(spec.type, *spec.min),
                                                                  shown(spec.type, *spec.max))
                               : low                ? fmt::format("must be at least {}", shown(spec.type, *spec.min))
                                                    : fmt::format("must be at most {}", shown(spec.type, *spec.max));
    value.wrong = fmt::format("{}, got {}", limits, shown(spec, value.json));
    return;
  }
  if (spec.one_of.empty()) return;
  const auto check_choice = [&](const std::string& text) {
    if (std::find(spec.one_of.begin(), spec.one_of.end(), text) != spec.one_of.end()) return;
    value.wrong = fmt::format("must be one of \"{}\", got \"{}\"", fmt::join(spec.one_of, "\", \""), text);
    if (const auto near = nearest(text, spec.one_of); !near.empty())
      value.hint = fmt::format("did you mean \"{}\"?", near);
  };
  if (value.json.is_string()) check_choice(value.json.get<std::string>());
  if (spec.type == OptionType::string_list) {
    for (const auto& element : value.json) check_choice(element.get<std::string>());
  }
}

/// The default in normal form. One that does not parse is a mistake in the node type.
std::optional<Json> fallback_of(const OptionSpec& spec) {
  if (spec.fallback.empty()) return std::nullopt;
  const bool textual =
      spec.type == OptionType::string || spec.type == OptionType::bytes || spec.type == OptionType::duration;
  ConfigValue value;
  if (textual && spec.fallback.front() != '"') {
    value.kind = ConfigKind::string;
    value.text = spec.fallback;
  } else {
    std::vector<Diagnostic> mistakes;
    const ConfigValue file = parse_toml("v = " + spec.fallback, mistakes);
    MESHER_ASSERT(mistakes.empty() && file.entries.size() == 1);
    value = file.entries.front().value;
  }
  Normal result = normal(spec.type, value);
  if (result.wrong.empty()) check_value(spec, result);
  MESHER_ASSERT(result.wrong.empty());
  return std::move(result.json);
}

const OptionSpec* find(const NodeSpec& spec, std::string_view name) {
  for (const auto& option : spec.options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

class JsonOptions final : public Options {
 public:
  JsonOptions(const NodeSpec& spec, std::string_view node, std::string_view json, std::vector<std::string> given)
      : spec_(spec), node_(node), json_(Json::parse(json.empty() ? "{}" : json)), given_(std::move(given)) {}

  bool boolean(std::string_view name) const override { return get<bool>(name, {OptionType::boolean}); }
  std::int64_t integer(std::string_view name) const override {
    return get<std::int64_t>(name, {OptionType::integer, OptionType::bytes});
  }
  double number(std::string_view name) const override {
    return get<double>(name, {OptionType::number, OptionType::integer});
  }
  std::int64_t micros(std::string_view name) const override { return get<std::int64_t>(name, {OptionType::duration}); }
  std::string string(std::string_view name) const override { return get<std::string>(name, {OptionType::string}); }
  std::vector<std::string> strings(std::string_view name) const override {
    return get<std::vector<std::string>>(name, {OptionType::string_list});
  }
  std::string table_json(std::string_view name) const override {
    const Json* value = value_of(name, {OptionType::table});
    return value == nullptr ? "{}" : value->dump();
  }
  bool given(std::string_view name) const override {
    MESHER_ASSERT(find(spec_, name) != nullptr);
    return std::find(given_.begin(), given_.end(), name) != given_.end();
  }
  std::string_view node() const override { return node_; }

 private:
  const Json* value_of(std::string_view name, std::initializer_list<OptionType> types) const {
    const OptionSpec* option = find(spec_, name);
    MESHER_ASSERT(option != nullptr);
    MESHER_ASSERT(std::find(types.begin(), types.end(), option->type) != types.end());
    const auto at = json_.find(std::string(name));
    return at == json_.end() ? nullptr : &*at;
  }
  template <class T>
  T get(std::string_view name, std::initializer_list<OptionType> types) const {
    const Json* value = value_of(name, types);
    return value == nullptr ? T{} : value->get<T>();
  }

  const NodeSpec& spec_;
  std::string node_;
  Json json_;
  std::vector<std::string> given_;
};

std::vector<std::string> names_of(const NodeSpec& spec, const std::vector<std::string>& common) {
  std::vector<std::string> names = common;
  for (const auto& option : spec.options) names.push_back(option.name);
  return names;
}

std::string limits_of(const OptionSpec& option) {
  std::string out;
  if (!option.one_of.empty()) out += fmt::format("; one of {}", fmt::join(option.one_of, ", "));
  if (option.min && option.max) {
    out += fmt::format("; {} to {}", shown(option.type, *option.min), shown(option.type, *option.max));
  } else if (option.min) {
    out += fmt::format("; at least {}", shown(option.type, *option.min));
  } else if (option.max) {
    out += fmt::format("; at most {}", shown(option.type, *option.max));
  }
  if (option.required) {
    out += "; required";
  } else if (!option.fallback.empty()) {
    out += fmt::format("; default {}", option.fallback);
  }
  return out;
}

}  // namespace

std::string_view name_of(OptionType type) {
  switch (type) {
    case OptionType::boolean:
      return "true or false";
    case OptionType::integer:
      return "an integer";
    case OptionType::number:
      return "a number";
    case OptionType::string:
      return "a string";
    case OptionType::bytes:
      return "a size such as \"4 MiB\"";
    case OptionType::duration:
      return "a duration such as \"250 ms\"";
    case OptionType::string_list:
      return "a list of strings";
    case OptionType::table:
      return "a table";
  }
  return "a value";
}

ReadOptions read_options(const NodeSpec& spec, std::string_view node, const ConfigValue& table,
                         const std::vector<std::string>& common, Place place, std::vector<Diagnostic>& mistakes) {
  ReadOptions out;
  Json values = Json::object();
  for (const auto& entry : table.entries) {
    if (std::find(common.begin(), common.end(), entry.key) != common.end()) continue;
    const OptionSpec* option = find(spec, entry.key);
    if (option == nullptr) {
      mistakes.push_back({entry.place, fmt::format("unknown key `{}` of node `{}` ({})", entry.key, node, spec.type),
                          suggestion(entry.key, names_of(spec, common))});
      continue;
    }
    out.given.push_back(entry.key);
    Normal value = normal(option->type, entry.value);
    if (value.wrong.empty()) check_value(*option, value);
    if (!value.wrong.empty()) {
      mistakes.push_back({entry.value.place, fmt::format("`{}` {}", entry.key, value.wrong), value.hint});
      continue;
    }
    values[entry.key] = std::move(value.json);
  }
  for (const auto& option : spec.options) {
    if (std::find(out.given.begin(), out.given.end(), option.name) != out.given.end()) continue;
    if (option.required) {
      mistakes.push_back({place, fmt::format("node `{}` ({}) needs `{}`", node, spec.type, option.name), option.help});
    } else if (auto fallback = fallback_of(option)) {
      values[option.name] = std::move(*fallback);
    }
  }
  out.json = values.dump(-1, ' ', false, Json::error_handler_t::replace);
  return out;
}

std::unique_ptr<Options> make_options(const NodeSpec& spec, std::string_view node, std::string_view json,
                                      const std::vector<std::string>& given) {
  return std::make_unique<JsonOptions>(spec, node, json, given);
}

Result<std::unique_ptr<Options>> options_from(const NodeSpec& spec, std::string_view node, std::string_view toml) {
  std::vector<Diagnostic> mistakes;
  const ConfigValue table = parse_toml(toml, mistakes);
  const ReadOptions read = read_options(spec, node, table, {}, {1, 1}, mistakes);
  auto options = make_options(spec, node, read.json, read.given);
  if (mistakes.empty() && spec.check) {
    for (auto& m : spec.check(*options)) mistakes.push_back({{1, 1}, "`" + m.option + "` " + m.message, m.hint});
  }
  if (mistakes.empty()) return options;
  std::string all;
  for (const auto& mistake : mistakes) all += (all.empty() ? "" : "\n") + mistake.text(node);
  return Error{ErrorCode::invalid, all, {}};
}

std::string help_text(const NodeSpec& spec) {
  std::string out = fmt::format("{}\n\n{}\n\n", spec.type, spec.help);
  out += fmt::format("takes {}; passes on {}\n", spec.consumes.empty() ? "anything" : spec.consumes,
                     spec.produces.empty()     ? "what came in"
                     : spec.produces == "none" ? "nothing"
                                               : spec.produces);
  out += "\nKeys of every node: type, inputs, concurrency, buffer, when_full\n";
  out += fmt::format("  concurrency  {}\n", spec.serial ? "always 1: this type keeps the order of its batches"
                                                        : "batches worked on at a time; default 1");
  out += fmt::format("  buffer       {}\n",
                     spec.ordered_sink
                         ? "the source's window: this type may hold batches back to restore their order"
                         : fmt::format("batches inside, waiting or running; default {}", spec.default_buffer));
  out += fmt::format("  when_full    \"wait\" (push back) or \"drop\" (count and drop); default \"{}\"\n",
                     spec.default_when_full);
  out += spec.options.empty() ? "\nNo options of its own.\n" : "\nOptions\n";
  for (const auto& option : spec.options) {
    out += fmt::format("  {}  ({}{})\n      {}\n", option.name, name_of(option.type), limits_of(option), option.help);
  }
  return out;
}

void Registry::add(NodeSpec spec) {
  MESHER_ASSERT(!spec.type.empty() && find(spec.type) == nullptr);
  MESHER_ASSERT((spec.make != nullptr) != (spec.make_source != nullptr));
  for (const auto& option : spec.options) static_cast<void>(fallback_of(option));
  specs_.push_back(std::move(spec));
}

const NodeSpec* Registry::find(std::string_view type) const {
  for (const auto& spec : specs_) {
    if (spec.type == type) return &spec;
  }
  return nullptr;
}

}  // namespace mesher::graph
