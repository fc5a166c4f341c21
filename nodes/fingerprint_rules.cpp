#include "nodes/fingerprint_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nodes/fingerprint_variables.hpp"
#include "nodes/frames.hpp"
#include "nodes/title.hpp"

namespace mesher::nodes {
namespace {

bool holds(const RuleMatcher& matcher, std::string_view text) {
  return matcher.absent ? text.empty() : !text.empty() && matcher.pattern.matches(text);
}

bool on_exception(const RuleMatcher& matcher, const Exception& exception) {
  return holds(matcher, matcher.field == RuleField::type ? exception.type : exception.value);
}

bool on_frame(const RuleMatcher& matcher, const Frame& frame, std::string_view platform) {
  switch (matcher.field) {
    case RuleField::function:
      return holds(matcher, frame.function) || (!matcher.absent && holds(matcher, frame.raw_function));
    case RuleField::module:
      return holds(matcher, frame.module);
    case RuleField::package:
      return holds(matcher, frame.package);
    case RuleField::path:
      return holds(matcher, frame.abs_path) || holds(matcher, frame.filename);
    default:
      return holds(matcher, is_app(role_of(frame, family_of(frame.platform.empty() ? platform : frame.platform)))
                                ? "yes"
                                : "no");
  }
}

std::string_view family_name(std::string_view platform) {
  switch (family_of(platform)) {
    case Family::native:
      return "native";
    case Family::javascript:
      return "javascript";
    default:
      return "other";
  }
}

std::string_view tag_value(const Event& event, std::string_view key) {
  for (const auto& tag : event.tags) {
    if (tag.key == key) return tag.value;
  }
  if (key == "environment") return event.environment;
  if (key == "release") return event.release;
  return {};
}

bool on_message(const RuleMatcher& matcher, const Event& event) {
  if (matcher.absent) return event.message.empty() && event.exceptions.empty();
  if (holds(matcher, event.message)) return true;
  return std::any_of(event.exceptions.begin(), event.exceptions.end(),
                     [&](const Exception& exception) { return holds(matcher, exception.value); });
}

bool on_event(const RuleMatcher& matcher, const Event& event) {
  switch (matcher.field) {
    case RuleField::message:
      return on_message(matcher, event);
    case RuleField::logger:
      return holds(matcher, event.logger);
    case RuleField::level:
      return holds(matcher, name_of(event.level));
    case RuleField::release:
      return holds(matcher, event.release);
    case RuleField::environment:
      return holds(matcher, event.environment);
    case RuleField::transaction:
      return holds(matcher, event.transaction);
    case RuleField::platform:
      return holds(matcher, event.platform);
    case RuleField::family:
      return holds(matcher, family_name(event.platform));
    case RuleField::sdk:
      return holds(matcher, event.sdk_name);
    default:
      return holds(matcher, tag_value(event, matcher.tag));
  }
}

/// Whether one of a kind's items satisfies all its matchers; if all of these are negated: whether none of the items is
/// like that. `each(visit)` calls visit(item) until it answers true, and answers that; `on(matcher, item)`.
template <class Each, class On>
bool kind_holds(const std::vector<RuleMatcher>& matchers, Each each, On on) {
  if (matchers.empty()) return true;
  const bool only_negated = std::all_of(matchers.begin(), matchers.end(), [](const auto& m) { return m.negated; });
  if (only_negated) {
    return !each([&](const auto& item) {
      return std::any_of(matchers.begin(), matchers.end(), [&](const auto& m) { return on(m, item); });
    });
  }
  return each([&](const auto& item) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const auto& m) { return on(m, item) != m.negated; });
  });
}

/// The frames that rules look at: of all exceptions; else of the event's own stack; else of its threads.
template <class Visit>
bool any_frame(const Event& event, Visit visit) {
  bool seen = false;
  for (const auto& exception : event.exceptions) {
    seen = seen || !exception.frames.empty();
    if (std::any_of(exception.frames.begin(), exception.frames.end(), visit)) return true;
  }
  if (seen) return false;
  if (!event.stacktrace.empty()) return std::any_of(event.stacktrace.begin(), event.stacktrace.end(), visit);
  return std::any_of(event.threads.begin(), event.threads.end(), [&](const Thread& thread) {
    return std::any_of(thread.frames.begin(), thread.frames.end(), visit);
  });
}

std::string_view resolved(const RuleText& text, const Event& event, Arena& arena) {
  std::string whole, scratch;
  for (const auto& piece : text.pieces) {
    whole += piece.variable ? variable(event, piece.text, scratch) : std::string_view(piece.text);
  }
  return arena.copy(whole);
}

}  // namespace

bool FingerprintRule::matches(const Event& event) const {
  const bool event_holds =
      std::all_of(of_event.begin(), of_event.end(), [&](const auto& m) { return on_event(m, event) != m.negated; });
  if (!event_holds) return false;
  const auto each_exception = [&](auto visit) {
    return std::any_of(event.exceptions.begin(), event.exceptions.end(), visit);
  };
  if (!kind_holds(of_exceptions, each_exception, on_exception)) return false;
  return kind_holds(
      of_frames, [&](auto visit) { return any_frame(event, visit); },
      [&](const RuleMatcher& m, const Frame& frame) { return on_frame(m, frame, event.platform); });
}

FingerprintRules FingerprintRules::parse(std::string_view text, std::vector<graph::Diagnostic>& mistakes) {
  FingerprintRules rules;
  if (text.size() > kMostBytes) {
    mistakes.push_back({{1, 1}, fmt::format("the rules are longer than {} KiB", kMostBytes / 1024), {}});
    return rules;
  }
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto rule = parse_fingerprint_rule(text.substr(at, end - at), ++number, mistakes);
    at = end + 1;
    if (!rule) continue;
    if (rules.rules_.size() == kMostRules) {
      mistakes.push_back({{number, 1}, fmt::format("more than {} rules", kMostRules), {}});
      break;
    }
    rules.rules_.push_back(*std::move(rule));
  }
  return rules;
}

const FingerprintRule* FingerprintRules::match(const Event& event) const {
  const auto found = std::find_if(rules_.begin(), rules_.end(), [&](const auto& rule) { return rule.matches(event); });
  return found == rules_.end() ? nullptr : &*found;
}

std::vector<graph::Diagnostic> check_fingerprint_rules(std::string_view text) {
  std::vector<graph::Diagnostic> mistakes;
  static_cast<void>(FingerprintRules::parse(text, mistakes));
  return mistakes;
}

void apply_rule(const FingerprintRule& rule, Event& event, Arena& arena) {
  const auto parts = arena.array<std::string_view>(rule.parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& pieces = rule.parts[i].pieces;
    if (pieces.size() == 1 && pieces[0].variable) {
      parts[i] = arena.concat(std::array<std::string_view, 3>{"{{ ", pieces[0].text, " }}"});
    } else {
      parts[i] = resolved(rule.parts[i], event, arena);
    }
  }
  event.fingerprint = parts;
}

std::string_view rule_title(const FingerprintRule& rule, const Event& event, Arena& arena) {
  return rule.title ? cut_title(resolved(*rule.title, event, arena), arena) : std::string_view{};
}

}  // namespace mesher::nodes
