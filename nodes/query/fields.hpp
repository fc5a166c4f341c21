#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "nodes/query/ast.hpp"

namespace mesher::query {

/// How a field's values are written and compared.
enum class Kind : std::uint8_t {
  words,     ///< a sequence of characters that begins at a word, in any case of letters
  name,      ///< the whole value, as it is; `*` for any characters
  state,     ///< one of the states
  level,     ///< one of the levels; ordered
  number,    ///< a whole number; ordered
  moment,    ///< a time; ordered
  assignee,  ///< me, none, an e-mail address, #team
  key,       ///< the name of a tag
};

/// What a query is about: a term may make sense for one and not for another.
enum class Scope : std::uint8_t {
  issues,  ///< the list of issues
  events,  ///< stored events; terms about issues ask for the event's issue
  stream,  ///< an event in memory, which knows nothing of its issue's state
};

struct FieldInfo {
  Field field;
  std::string_view name;  ///< what is written before the colon; empty: none
  Kind kind;
  bool in_stream;         ///< makes sense for an event in memory
  std::string_view help;  ///< one line, for error messages and docs/search.md
};

/// In the order of the enum.
[[nodiscard]] std::span<const FieldInfo> fields();
[[nodiscard]] const FieldInfo& info_of(Field field);
/// Also by the names that other trackers use.
[[nodiscard]] std::optional<Field> field_named(std::string_view name);

[[nodiscard]] std::string_view name_of(State state);
[[nodiscard]] std::optional<State> state_named(std::string_view name);
/// "unresolved, resolved, …"
[[nodiscard]] std::string_view all_states();

}  // namespace mesher::query
