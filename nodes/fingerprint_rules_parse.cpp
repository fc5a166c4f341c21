// The language of nodes/fingerprint_rules.hpp: one line to one rule.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "graph/suggest.hpp"
#include "nodes/fingerprint_rules.hpp"

namespace mesher::nodes {
namespace {

struct FieldName {
  std::string_view name;
  RuleField field;
  RulePattern::Mode mode;
};

using Mode = RulePattern::Mode;
constexpr std::array kFields{
    FieldName{"type", RuleField::type, Mode::exact},
    FieldName{"value", RuleField::value, Mode::ignore_case},
    FieldName{"message", RuleField::message, Mode::ignore_case},
    FieldName{"function", RuleField::function, Mode::exact},
    FieldName{"module", RuleField::module, Mode::exact},
    FieldName{"package", RuleField::package, Mode::path},
    FieldName{"path", RuleField::path, Mode::path},
    FieldName{"app", RuleField::app, Mode::exact},
    FieldName{"logger", RuleField::logger, Mode::exact},
    FieldName{"level", RuleField::level, Mode::exact},
    FieldName{"release", RuleField::release, Mode::exact},
    FieldName{"environment", RuleField::environment, Mode::exact},
    FieldName{"transaction", RuleField::transaction, Mode::exact},
    FieldName{"platform", RuleField::platform, Mode::exact},
    FieldName{"family", RuleField::family, Mode::exact},
    FieldName{"sdk", RuleField::sdk, Mode::exact},
    FieldName{"error.type", RuleField::type, Mode::exact},
    FieldName{"error.value", RuleField::value, Mode::ignore_case},
    FieldName{"stack.function", RuleField::function, Mode::exact},
    FieldName{"stack.module", RuleField::module, Mode::exact},
    FieldName{"stack.package", RuleField::package, Mode::path},
    FieldName{"stack.abs_path", RuleField::path, Mode::path},
};
constexpr std::string_view kTags = "tags.";

const std::vector<std::string>& variable_names() {
  static const std::vector<std::string> kNames{
      "default",     "type",           "value",          "message",        "function",     "module",
      "package",     "path",           "transaction",    "level",          "logger",       "release",
      "environment", "error.type",     "error.value",    "stack.function", "stack.module", "stack.package",
      "stack.path",  "stack.abs_path", "stack.filename", "tags.NAME"};
  return kNames;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

class LineParser {
 public:
  LineParser(std::string_view text, std::uint32_t line, std::vector<graph::Diagnostic>& mistakes)
      : text_(text), line_(line), mistakes_(mistakes), before_(mistakes.size()) {}

  std::optional<FingerprintRule> run() {
    skip_space();
    if (at_end() || text_[at_] == '#') return std::nullopt;
    rule_.line = line_;
    rule_.source = trimmed(text_);
    if (matchers()) parts();
    if (mistakes_.size() != before_) return std::nullopt;
    return std::move(rule_);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] bool sees(std::string_view word) const { return text_.substr(at_).starts_with(word); }
  void skip_space() {
    while (!at_end() && is_space(text_[at_])) ++at_;
  }

  void mistake(std::size_t place, std::string message, std::string hint = {}) {
    const auto behind = std::min(place, text_.size());
    const auto characters = std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(behind),
                                          [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    mistakes_.push_back({{line_, static_cast<std::uint32_t>(characters) + 1}, std::move(message), std::move(hint)});
  }

  /// True if `->` came.
  bool matchers() {
    std::size_t count = 0;
    while (true) {
      skip_space();
      if (at_end()) {
        mistake(at_, "expected `->` and behind it the parts of the fingerprint");
        return false;
      }
      if (sees("->")) break;
      if (++count > FingerprintRules::kMostMatchers) {
        mistake(at_, fmt::format("a rule has at most {} matchers", FingerprintRules::kMostMatchers));
        return false;
      }
      matcher();
    }
    if (count == 0) mistake(at_, "expected a matcher before `->`, such as type:DatabaseError");
    at_ += 2;
    return true;
  }

  void matcher() {
    const bool negated = sees("!");
    if (negated) ++at_;
    const std::size_t key_at = at_;
    std::string key;
    if (sees("\"")) {
      if (!quoted(key)) return;
    } else {
      while (!at_end() && !is_space(text_[at_]) && text_[at_] != ':') key += text_[at_++];
    }
    if (!sees(":")) {
      mistake(at_, fmt::format("expected `:` and a pattern behind `{}`", key),
              key.empty() ? "a matcher is written as type:DatabaseError" : "");
      if (!at_end() && at_ == key_at) ++at_;
      return;
    }
    ++at_;
    const std::size_t pattern_at = at_;
    std::string pattern;
    bool empty_on_purpose = false;
    if (sees("\"")) {
      if (!quoted(pattern)) return;
      empty_on_purpose = pattern.empty();
      if (!at_end() && !is_space(text_[at_])) mistake(at_, "expected a space behind the closing quote");
    }
    while (!at_end() && !is_space(text_[at_])) pattern += text_[at_++];
    if (pattern.empty() && !empty_on_purpose) {
      mistake(pattern_at, fmt::format("expected a pattern behind `{}:`", key),
              R"(a pattern with spaces stands in quotes; "" matches what the event does not have)");
      return;
    }
    add_matcher(key, key_at, negated, pattern, pattern_at);
  }

  void add_matcher(const std::string& key, std::size_t key_at, bool negated, std::string pattern,
                   std::size_t pattern_at) {
    FieldName field{{}, RuleField::tag, Mode::exact};
    std::string tag;
    if (key.starts_with(kTags)) {
      tag = key.substr(kTags.size());
      if (tag.empty()) mistake(key_at, "expected the name of a tag behind `tags.`");
    } else {
      const auto known = std::find_if(kFields.begin(), kFields.end(), [&](const auto& f) { return f.name == key; });
      if (known == kFields.end()) {
        std::vector<std::string> names;
        names.reserve(kFields.size() + 1);
        for (const auto& f : kFields) names.emplace_back(f.name);
        names.emplace_back("tags.NAME");
        mistake(key_at,
                key.empty() ? "expected the name of a matcher before `:`" : fmt::format("unknown matcher `{}`", key),
                graph::suggestion(key, names));
        return;
      }
      field = *known;
    }
    check_words(field.field, pattern, pattern_at);
    const bool absent = pattern.empty();
    RuleMatcher made{field.field, negated, std::move(tag), RulePattern(pattern, field.mode), absent};
    auto& kind = field.field <= RuleField::value ? rule_.of_exceptions
                 : field.field <= RuleField::app ? rule_.of_frames
                                                 : rule_.of_event;
    kind.push_back(std::move(made));
  }

  /// Fields that have few values: a misspelt one would never match. Words are put into the form that events have.
  void check_words(RuleField field, std::string& pattern, std::size_t place) {
    if (pattern.find_first_of("*?{") != pattern.npos || pattern.empty()) return;
    if (field == RuleField::level) {
      if (const auto level = level_from(pattern)) {
        pattern = name_of(*level);
      } else {
        mistake(place, fmt::format("unknown level `{}`", pattern), "expected debug, info, warning, error or fatal");
      }
    } else if (field == RuleField::app) {
      const bool yes = pattern == "yes" || pattern == "true" || pattern == "1";
      const bool no = pattern == "no" || pattern == "false" || pattern == "0";
      if (!yes && !no) mistake(place, "expected yes or no behind `app:`");
      pattern = yes ? "yes" : "no";
    } else if (field == RuleField::family) {
      if (pattern == "all") {
        pattern = "*";
      } else if (pattern != "native" && pattern != "javascript" && pattern != "other") {
        mistake(place, fmt::format("unknown family `{}`", pattern), "expected native, javascript, other or all");
      }
    }
  }

  void parts() {
    while (true) {
      while (!at_end() && (is_space(text_[at_]) || text_[at_] == ',')) ++at_;
      if (at_end()) break;
      if (rule_.parts.size() == FingerprintRules::kMostParts) {
        mistake(at_, fmt::format("a fingerprint has at most {} parts", FingerprintRules::kMostParts));
        return;
      }
      if (sees("title=")) {
        title();
      } else if (auto part = one_text(false)) {
        rule_.parts.push_back(*std::move(part));
      }
    }
    if (rule_.parts.empty() && mistakes_.size() == before_) {
      mistake(at_, "expected a part of the fingerprint behind `->`", "such as database-down or {{ default }}");
    }
  }

  void title() {
    const std::size_t place = at_;
    at_ += std::string_view("title=").size();
    if (at_end() || is_space(text_[at_])) {
      mistake(at_, R"(expected a text behind `title=`, such as title="Database down")");
      return;
    }
    auto text = one_text(true);
    if (!text) return;
    if (rule_.title) mistake(place, "a rule has one title");
    rule_.title = std::move(text);
  }

  /// A quoted or bare text with variables.
  std::optional<RuleText> one_text(bool is_title) {
    const std::size_t begin = at_;
    if (sees("\"")) {
      std::string text;
      if (!quoted(text)) return std::nullopt;
      if (!at_end() && !is_space(text_[at_]) && text_[at_] != ',') {
        mistake(at_, "expected a space or a comma behind the closing quote");
      }
      return with_variables(text, begin, true, is_title);
    }
    std::string text;
    while (!at_end() && !is_space(text_[at_]) && text_[at_] != ',') {
      if (sees("{{")) {
        const auto close = text_.find("}}", at_);
        const auto end = close == text_.npos ? text_.size() : close + 2;
        text += text_.substr(at_, end - at_);
        at_ = end;
      } else {
        text += text_[at_++];
      }
    }
    return with_variables(text, begin, false, is_title);
  }

  /// `begin`: where the text stands in the line, for the places of mistakes; in quotes only its beginning is known.
  std::optional<RuleText> with_variables(std::string_view text, std::size_t begin, bool was_quoted, bool is_title) {
    RuleText result;
    bool has_default = false;
    std::size_t at = 0;
    while (at < text.size()) {
      const auto open = std::min(text.find("{{", at), text.size());
      if (open > at) result.pieces.push_back({false, std::string(text.substr(at, open - at))});
      if (open == text.size()) break;
      const auto place = was_quoted ? begin : begin + open;
      const auto close = text.find("}}", open);
      if (close == text.npos) {
        mistake(place, "expected `}}` behind the name of the variable");
        return std::nullopt;
      }
      const auto name = variable_at(trimmed(text.substr(open + 2, close - open - 2)), place);
      if (!name) return std::nullopt;
      has_default = has_default || *name == "default";
      result.pieces.push_back({true, *name});
      at = close + 2;
    }
    if (result.pieces.empty()) result.pieces.push_back({});
    if (has_default && (is_title || result.pieces.size() > 1)) {
      mistake(begin, is_title ? "a title can't contain {{ default }}" : "{{ default }} must be a part of its own");
      return std::nullopt;
    }
    return result;
  }

  std::optional<std::string> variable_at(std::string_view name, std::size_t place) {
    if (name == "release" || name == "environment") return std::string(kTags) + std::string(name);
    const bool clean = name.find_first_of(" {}") == name.npos;
    if (clean && name.starts_with(kTags) && name.size() > kTags.size()) return std::string(name);
    const auto& known = variable_names();
    if (std::find(known.begin(), known.end(), name) != known.end() && name != "tags.NAME") return std::string(name);
    mistake(place,
            name.empty() ? std::string("expected the name of a variable between `{{` and `}}`")
                         : fmt::format("unknown variable `{}`", name),
            graph::suggestion(name, known));
    return std::nullopt;
  }

  /// Reads `"…"` with \" and \\ in it. False: it does not end, which is reported; the rest of the line is passed over.
  bool quoted(std::string& into) {
    const std::size_t begin = at_++;
    while (!at_end() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) ++at_;
      into += text_[at_++];
    }
    if (at_end()) {
      mistake(begin, "expected a closing quote: this one is never closed");
      return false;
    }
    ++at_;
    return true;
  }

  std::string_view text_;
  std::uint32_t line_;
  std::vector<graph::Diagnostic>& mistakes_;
  std::size_t before_;
  std::size_t at_ = 0;
  FingerprintRule rule_;
};

}  // namespace

std::optional<FingerprintRule> parse_fingerprint_rule(std::string_view text, std::uint32_t line,
                                                      std::vector<graph::Diagnostic>& mistakes) {
  return LineParser(text, line, mistakes).run();
}

}  // namespace mesher::nodes
