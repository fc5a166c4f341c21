#include "nodes/query/fields.hpp"

#include <algorithm>
#include <array>

namespace mesher::query {
namespace {

constexpr std::array kFields{
    FieldInfo{Field::text, "", Kind::words, true, "words of the issue (see Words) or of the event's message"},
    FieldInfo{Field::is, "is", Kind::state, false, "the issue's state"},
    FieldInfo{Field::assigned, "assigned", Kind::assignee, false, "who works on the issue"},
    FieldInfo{Field::level, "level", Kind::level, true,
              "debug, info, warning, error or fatal; of an issue: its latest"},
    FieldInfo{Field::environment, "environment", Kind::name, true, "of the event; of an issue: any of its events"},
    FieldInfo{Field::release, "release", Kind::name, true, "of the event; of an issue: any of its events"},
    FieldInfo{Field::platform, "platform", Kind::name, true, "of the issue: python, node, java, …"},
    FieldInfo{Field::first_seen, "first_seen", Kind::moment, false, "when the issue's first event happened"},
    FieldInfo{Field::last_seen, "last_seen", Kind::moment, false, "when the issue's latest event happened"},
    FieldInfo{Field::events, "events", Kind::number, false, "how many events the issue has"},
    FieldInfo{Field::users, "users", Kind::number, false, "how many users the issue has met (an estimate)"},
    FieldInfo{Field::type, "type", Kind::name, true, "the exception's type, in any case of letters"},
    FieldInfo{Field::message, "message", Kind::words, true, "words of the message, or of the exception's value"},
    FieldInfo{Field::culprit, "culprit", Kind::words, true, "words of the place shown below the title"},
    FieldInfo{Field::stack_function, "stack.function", Kind::words, true, "words of a function's name in the stack"},
    FieldInfo{Field::stack_module, "stack.module", Kind::words, true, "words of a module's name in the stack"},
    FieldInfo{Field::stack_file, "stack.file", Kind::words, true, "words of a file's path in the stack"},
    FieldInfo{Field::user_id, "user.id", Kind::name, true, "the event's user"},
    FieldInfo{Field::user_email, "user.email", Kind::name, true, "the event's user"},
    FieldInfo{Field::user_name, "user.username", Kind::name, true, "the event's user"},
    FieldInfo{Field::user_ip, "user.ip", Kind::name, true, "the event's user"},
    FieldInfo{Field::has, "has", Kind::key, true, "user, release, environment or a tag is there"},
    FieldInfo{Field::tag, "", Kind::name, true, "any other name: a tag's value"},
    FieldInfo{Field::any_tag, "any.tag", Kind::name, true, "the value of any tag"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (static_cast<std::size_t>(kFields[i].field) != i) return false;
  }
  return true;
}
static_assert(in_order() && kFields.size() == static_cast<std::size_t>(Field::any_tag) + 1);

struct Alias {
  std::string_view name;
  Field field;
};
constexpr std::array kAliases{
    Alias{"error.type", Field::type},           Alias{"firstSeen", Field::first_seen},
    Alias{"lastSeen", Field::last_seen},        Alias{"timesSeen", Field::events},
    Alias{"times_seen", Field::events},         Alias{"title", Field::message},
    Alias{"stack.filename", Field::stack_file}, Alias{"stack.abs_path", Field::stack_file},
    Alias{"user.ip_address", Field::user_ip},   Alias{"env", Field::environment},
};

// In the order of the enum.
constexpr std::array<std::string_view, 9> kStates{"unresolved", "resolved",   "archived", "new",       "ongoing",
                                                  "regressed",  "escalating", "assigned", "unassigned"};
constexpr std::string_view kAllStates =
    "unresolved, resolved, archived, new, ongoing, regressed, escalating, assigned, unassigned";

}  // namespace

std::span<const FieldInfo> fields() {
  return kFields;
}

const FieldInfo& info_of(Field field) {
  return kFields[static_cast<std::size_t>(field)];
}

std::optional<Field> field_named(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const auto& info : kFields) {
    if (info.name == name) return info.field;
  }
  for (const auto& alias : kAliases) {
    if (alias.name == name) return alias.field;
  }
  return std::nullopt;
}

std::string_view name_of(State state) {
  return kStates[static_cast<std::size_t>(state)];
}

std::optional<State> state_named(std::string_view name) {
  const auto found = std::find(kStates.begin(), kStates.end(), name);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<State>(found - kStates.begin());
}

std::string_view all_states() {
  return kAllStates;
}

}  // namespace mesher::query
