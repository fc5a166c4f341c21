#include "nodes/condition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "nodes/coerce.hpp"
#include "nodes/glob.hpp"

namespace mesher::nodes {
namespace {

using Text = std::string_view (*)(const Event&, std::string&);

struct Field {
  std::string_view name;
  Text text;
};

std::string_view number(std::uint64_t value, std::string& scratch) {
  scratch = std::to_string(value);
  return scratch;
}

const Exception* main_exception(const Event& event) {
  return event.exceptions.empty() ? nullptr : &event.exceptions.back();
}

std::uint64_t frame_count(const Event& event) {
  std::uint64_t n = event.stacktrace.size();
  for (const auto& exception : event.exceptions) n += exception.frames.size();
  return n;
}

constexpr Field kFields[] = {
    {"bytes", [](const Event& e, std::string& s) { return number(e.payload.size(), s); }},
    {"client_ip", [](const Event& e, std::string&) { return e.client_ip; }},
    {"culprit", [](const Event& e, std::string&) { return e.culprit; }},
    {"dist", [](const Event& e, std::string&) { return e.dist; }},
    {"environment", [](const Event& e, std::string&) { return e.environment; }},
    {"event_id",
     [](const Event& e, std::string& s) {
       s = e.id.hex();
       return std::string_view(s);
     }},
    {"exception.module",
     [](const Event& e, std::string&) {
       const auto* exception = main_exception(e);
       return exception == nullptr ? std::string_view{} : exception->module;
     }},
    {"exception.type",
     [](const Event& e, std::string&) {
       const auto* exception = main_exception(e);
       return exception == nullptr ? std::string_view{} : exception->type;
     }},
    {"exception.value",
     [](const Event& e, std::string&) {
       const auto* exception = main_exception(e);
       return exception == nullptr ? std::string_view{} : exception->value;
     }},
    {"frames", [](const Event& e, std::string& s) { return number(frame_count(e), s); }},
    {"level", [](const Event& e, std::string&) { return name_of(e.level); }},
    {"logger", [](const Event& e, std::string&) { return e.logger; }},
    {"message", [](const Event& e, std::string&) { return e.message; }},
    {"platform", [](const Event& e, std::string&) { return e.platform; }},
    {"project", [](const Event& e, std::string& s) { return number(e.project_id, s); }},
    {"release", [](const Event& e, std::string&) { return e.release; }},
    {"sdk.name", [](const Event& e, std::string&) { return e.sdk_name; }},
    {"sdk.version", [](const Event& e, std::string&) { return e.sdk_version; }},
    {"server_name", [](const Event& e, std::string&) { return e.server_name; }},
    {"title", [](const Event& e, std::string&) { return e.title; }},
    {"trace_id", [](const Event& e, std::string&) { return e.trace_id; }},
    {"transaction", [](const Event& e, std::string&) { return e.transaction; }},
    {"type", [](const Event& e, std::string&) { return e.type; }},
    {"url", [](const Event& e, std::string&) { return e.request_url; }},
    {"user.email", [](const Event& e, std::string&) { return e.user.email; }},
    {"user.id", [](const Event& e, std::string&) { return e.user.id; }},
    {"user.ip_address", [](const Event& e, std::string&) { return e.user.ip_address; }},
    {"user.username", [](const Event& e, std::string&) { return e.user.username; }},
    {"user_agent", [](const Event& e, std::string&) { return e.user_agent; }},
};
constexpr std::string_view kTags = "tags.";

const Field* find_field(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFields), std::end(kFields), [&](const Field& f) { return f.name == name; });
  return found == std::end(kFields) ? nullptr : found;
}

/// The field's place found once, not per event.
class FieldReader {
 public:
  explicit FieldReader(const std::string& name) : field_(find_field(name)) {
    if (field_ == nullptr) tag_ = name.substr(kTags.size());
  }
  std::string_view text(const Event& event, std::string& scratch) const {
    if (field_ != nullptr) return field_->text(event, scratch);
    for (const auto& tag : event.tags) {
      if (tag.key == tag_) return tag.value;
    }
    return {};
  }

 private:
  const Field* field_;
  std::string tag_;
};

/// A number; level names count as theirs, so that `gt = "warning"` works.
std::optional<double> numeric(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  if (const auto level = level_from(text)) return static_cast<double>(*level);
  return std::nullopt;
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

class All final : public Condition {
 public:
  explicit All(std::vector<std::shared_ptr<const Condition>> parts) : parts_(std::move(parts)) {}
  bool matches(const Event& event) const override {
    return std::all_of(parts_.begin(), parts_.end(), [&](const auto& part) { return part->matches(event); });
  }

 private:
  std::vector<std::shared_ptr<const Condition>> parts_;
};

class Any final : public Condition {
 public:
  explicit Any(std::vector<std::shared_ptr<const Condition>> parts) : parts_(std::move(parts)) {}
  bool matches(const Event& event) const override {
    return std::any_of(parts_.begin(), parts_.end(), [&](const auto& part) { return part->matches(event); });
  }

 private:
  std::vector<std::shared_ptr<const Condition>> parts_;
};

class Not final : public Condition {
 public:
  explicit Not(std::shared_ptr<const Condition> part) : part_(std::move(part)) {}
  bool matches(const Event& event) const override { return !part_->matches(event); }

 private:
  std::shared_ptr<const Condition> part_;
};

/// One operator applied to one field.
class Test final : public Condition {
 public:
  using Check = std::function<bool(std::string_view)>;
  Test(FieldReader field, Check check) : field_(std::move(field)), check_(std::move(check)) {}
  bool matches(const Event& event) const override {
    std::string scratch;
    return check_(field_.text(event, scratch));
  }

 private:
  FieldReader field_;
  Check check_;
};

using Json = nlohmann::json;

class Parser {
 public:
  Parser(const std::string& option, std::vector<graph::OptionMistake>& mistakes)
      : option_(option), mistakes_(mistakes) {}

  std::shared_ptr<const Condition> condition(const Json& json) {
    if (!json.is_object() || json.empty()) return wrong("a condition is a table with `field`, `all`, `any` or `not`");
    if (json.contains("field")) return tests(json);
    if (json.size() != 1) return wrong("a condition without `field` has exactly one of `all`, `any` and `not`");
    const auto entry = json.begin();
    const std::string& key = entry.key();
    const Json& value = entry.value();
    if (key == "not") {
      auto part = condition(value);
      return part ? std::make_shared<Not>(std::move(part)) : nullptr;
    }
    if (key != "all" && key != "any") return wrong(fmt::format("unknown key `{}` in a condition", key));
    if (!value.is_array()) return wrong(fmt::format("`{}` is a list of conditions", key));
    std::vector<std::shared_ptr<const Condition>> parts;
    bool good = true;
    for (const auto& part : value) {
      parts.push_back(condition(part));
      good = good && parts.back();
    }
    if (!good) return nullptr;
    if (key == "all") return std::make_shared<All>(std::move(parts));
    return std::make_shared<Any>(std::move(parts));
  }

 private:
  std::shared_ptr<const Condition> wrong(std::string message, std::string hint = {}) {
    mistakes_.push_back({option_, std::move(message), std::move(hint)});
    return nullptr;
  }

  std::shared_ptr<const Condition> tests(const Json& json) {
    if (!json["field"].is_string()) return wrong("`field` is a string");
    const auto name = json["field"].get<std::string>();
    if (!known_field(name)) return wrong(fmt::format("unknown field `{}`", name), "fields are " + help_on_fields());
    std::vector<std::shared_ptr<const Condition>> parts;
    for (const auto& [key, value] : json.items()) {
      if (key == "field") continue;
      auto check = check_of(key, value);
      if (!check) return nullptr;
      parts.push_back(std::make_shared<Test>(FieldReader(name), std::move(check)));
    }
    if (parts.empty()) {
      return wrong(fmt::format("nothing is asked of field `{}`", name),
                   "add equals, glob, contains, in, exists, gt or lt");
    }
    return std::make_shared<All>(std::move(parts));
  }

  /// Strings, numbers and booleans as text; nothing for anything else.
  static std::optional<std::string> text_of(const Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return std::nullopt;
  }

  Test::Check check_of(const std::string& op, const Json& value) {
    if (op == "in") return check_in(value);
    if (op == "exists") {
      if (!value.is_boolean()) return wrong("`exists` is true or false"), nullptr;
      return [wanted = value.get<bool>()](std::string_view text) { return text.empty() != wanted; };
    }
    const auto text = text_of(value);
    if (!text) return wrong(fmt::format("`{}` takes a string or a number", op)), nullptr;
    if (op == "equals") return [wanted = *text](std::string_view found) { return found == wanted; };
    if (op == "glob") return [glob = Glob(*text)](std::string_view found) { return glob.matches(found); };
    if (op == "contains") return [part = *text](std::string_view found) { return contains_ignoring_case(found, part); };
    if (op == "gt" || op == "lt") {
      const auto bound = numeric(*text);
      if (!bound) return wrong(fmt::format("`{}` takes a number or the name of a level", op)), nullptr;
      return [limit = *bound, greater = op == "gt"](std::string_view found) {
        const auto number = numeric(found);
        return number && (greater ? *number > limit : *number < limit);
      };
    }
    return wrong(fmt::format("unknown operator `{}`", op), "operators are equals, glob, contains, in, exists, gt, lt"),
           nullptr;
  }

  Test::Check check_in(const Json& value) {
    if (!value.is_array()) return wrong("`in` is a list"), nullptr;
    std::vector<std::string> wanted;
    for (const auto& entry : value) {
      const auto text = text_of(entry);
      if (!text) return wrong("`in` is a list of strings or numbers"), nullptr;
      wanted.push_back(*text);
    }
    return [wanted](std::string_view found) { return std::find(wanted.begin(), wanted.end(), found) != wanted.end(); };
  }

  const std::string& option_;
  std::vector<graph::OptionMistake>& mistakes_;
};

}  // namespace

std::string_view field_text(const Event& event, std::string_view field, std::string& scratch) {
  if (const auto* known = find_field(field)) return known->text(event, scratch);
  if (field.substr(0, kTags.size()) != kTags) return {};
  const auto key = field.substr(kTags.size());
  for (const auto& tag : event.tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}

bool known_field(std::string_view field) {
  return find_field(field) != nullptr || (field.substr(0, kTags.size()) == kTags && field.size() > kTags.size());
}

std::string help_on_fields() {
  std::string names;
  for (const auto& field : kFields) names += fmt::format("{}, ", field.name);
  return names + "tags.NAME";
}

std::shared_ptr<const Condition> Condition::parse(std::string_view json, const std::string& option,
                                                  std::vector<graph::OptionMistake>& mistakes) {
  const auto parsed = Json::parse(json, nullptr, false);
  return Parser(option, mistakes).condition(parsed);
}

}  // namespace mesher::nodes
