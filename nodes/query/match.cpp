#include "nodes/query/match.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/query/fields.hpp"
#include "nodes/query/words.hpp"

namespace mesher::query {
namespace {

using nodes::Event;

/// The whole of `text`; `pattern` and text are folded already if case is not to matter.
bool is_like(std::string_view text, const Text& pattern) {
  const auto& parts = pattern.parts;
  if (!pattern.wild()) return text == parts.front();
  if (text.empty() || !text.starts_with(parts.front())) return false;  // * asks for something
  text.remove_prefix(parts.front().size());
  if (text.size() < parts.back().size() || !text.ends_with(parts.back())) return false;
  text.remove_suffix(parts.back().size());
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    const auto at = text.find(parts[i]);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + parts[i].size());
  }
  return true;
}

Text folded(Text text) {
  for (auto& part : text.parts) part = fold(part);
  return text;
}

bool compare(std::int64_t found, Compare how, std::int64_t wanted) {
  switch (how) {
    case Compare::less:
      return found < wanted;
    case Compare::at_most:
      return found <= wanted;
    case Compare::greater:
      return found > wanted;
    case Compare::at_least:
      return found >= wanted;
    case Compare::equal:
      break;
  }
  return found == wanted;
}

/// True if `test` holds for any frame of the event.
template <class Test>
bool any_frame(const Event& event, Test&& test) {
  const auto in = [&](std::span<const nodes::Frame> frames) { return std::any_of(frames.begin(), frames.end(), test); };
  if (in(event.stacktrace)) return true;
  if (std::any_of(event.exceptions.begin(), event.exceptions.end(), [&](const auto& e) { return in(e.frames); })) {
    return true;
  }
  return std::any_of(event.threads.begin(), event.threads.end(), [&](const auto& t) { return in(t.frames); });
}

std::string_view tag_of(const Event& event, std::string_view key) {
  for (const auto& tag : event.tags) {
    if (tag.key == key) return tag.value;
  }
  return {};
}

std::string_view named_value(const Event& event, const Term& term) {
  switch (term.field) {
    case Field::environment:
      return event.environment;
    case Field::release:
      return event.release;
    case Field::platform:
      return event.platform;
    case Field::user_id:
      return event.user.id;
    case Field::user_email:
      return event.user.email;
    case Field::user_name:
      return event.user.username;
    case Field::user_ip:
      return event.user.ip_address;
    default:
      return tag_of(event, term.key);
  }
}

bool has(const Event& event, std::string_view key) {
  if (key == "user") return !event.user.key().empty();
  if (key == "environment") return !event.environment.empty();
  if (key == "release") return !event.release.empty();
  return !tag_of(event, key).empty();
}

}  // namespace

struct Matcher::Part {
  explicit Part(const Node& node);
  [[nodiscard]] bool matches(const Event& event) const;
  [[nodiscard]] bool any_needle_in(std::string_view text) const;
  [[nodiscard]] bool term_matches(const Event& event) const;
  [[nodiscard]] bool type_matches(const Event& event) const;
  [[nodiscard]] bool words_match(const Event& event) const;

  Node::Kind kind;
  std::vector<Part> children;
  Term term;                    // its values folded if case is not to matter
  std::vector<Needle> needles;  // one for each value of a term of words
};

Matcher::Part::Part(const Node& node) : kind(node.kind), term(node.term) {
  for (const auto& child : node.children) children.emplace_back(child);
  if (kind != Node::Kind::term) return;
  if (term.field == Field::type) {
    for (auto& value : term.values) value.text = folded(std::move(value.text));
  }
  if (info_of(term.field).kind != Kind::words) return;
  for (const auto& value : term.values) needles.push_back(needle_of(value.text));
}

bool Matcher::Part::matches(const Event& event) const {
  const auto holds = [&](const Part& part) { return part.matches(event); };
  switch (kind) {
    case Node::Kind::all:
      return std::all_of(children.begin(), children.end(), holds);
    case Node::Kind::any:
      return std::any_of(children.begin(), children.end(), holds);
    case Node::Kind::no:
      return !holds(children.front());
    case Node::Kind::term:
      break;
  }
  return term_matches(event);
}

bool Matcher::Part::any_needle_in(std::string_view text) const {
  return !text.empty() &&
         std::any_of(needles.begin(), needles.end(), [&](const Needle& needle) { return contains(text, needle); });
}

bool Matcher::Part::type_matches(const Event& event) const {
  return std::any_of(event.exceptions.begin(), event.exceptions.end(), [&](const nodes::Exception& exception) {
    const auto type = fold(exception.type);
    return std::any_of(term.values.begin(), term.values.end(),
                       [&](const Value& value) { return is_like(type, value.text); });
  });
}

/// The words in any of the texts of the event.
bool Matcher::Part::words_match(const Event& event) const {
  const auto found = [&](const Needle& needle) {
    if (contains(event.message, needle) || contains(event.title, needle) || contains(event.culprit, needle))
      return true;
    for (const auto& exception : event.exceptions) {
      if (contains(exception.type, needle) || contains(exception.value, needle)) return true;
    }
    return any_frame(event, [&](const nodes::Frame& frame) {
      return contains(frame.function, needle) || contains(frame.module, needle) || contains(frame.filename, needle);
    });
  };
  return std::any_of(needles.begin(), needles.end(), found);
}

bool Matcher::Part::term_matches(const Event& event) const {
  const auto any_value = [&](std::string_view found) {
    return std::any_of(term.values.begin(), term.values.end(),
                       [&](const Value& value) { return is_like(found, value.text); });
  };
  switch (term.field) {
    case Field::text:
      return words_match(event);
    case Field::level:
      return std::any_of(term.values.begin(), term.values.end(), [&](const Value& value) {
        return compare(static_cast<std::int64_t>(event.level), term.compare, value.number);
      });
    case Field::type:
      return type_matches(event);
    case Field::message:
      return any_needle_in(event.message) || any_needle_in(event.title) ||
             std::any_of(event.exceptions.begin(), event.exceptions.end(),
                         [&](const auto& exception) { return any_needle_in(exception.value); });
    case Field::culprit:
      return any_needle_in(event.culprit);
    case Field::stack_function:
      return any_frame(event, [&](const nodes::Frame& frame) { return any_needle_in(frame.function); });
    case Field::stack_module:
      return any_frame(event, [&](const nodes::Frame& frame) { return any_needle_in(frame.module); });
    case Field::stack_file:
      return any_frame(event, [&](const nodes::Frame& frame) {
        return any_needle_in(frame.filename) || any_needle_in(frame.abs_path);
      });
    case Field::has:
      return std::any_of(term.values.begin(), term.values.end(),
                         [&](const Value& value) { return has(event, value.text.plain()); });
    case Field::any_tag:
      return any_value(event.environment) || any_value(event.release) ||
             std::any_of(event.tags.begin(), event.tags.end(),
                         [&](const nodes::Tag& tag) { return any_value(tag.value); });
    case Field::environment:
    case Field::release:
    case Field::platform:
    case Field::user_id:
    case Field::user_email:
    case Field::user_name:
    case Field::user_ip:
    case Field::tag:
      return any_value(named_value(event, term));
    case Field::is:
    case Field::assigned:
    case Field::first_seen:
    case Field::last_seen:
    case Field::events:
    case Field::users:
      break;
  }
  return false;
}

Matcher::Matcher(const Node& query) : root_(std::make_unique<const Part>(query)) {}
Matcher::~Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;

bool Matcher::matches(const Event& event) const {
  return root_->matches(event);
}

}  // namespace mesher::query
