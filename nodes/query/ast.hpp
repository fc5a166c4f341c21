#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"

/// A search query as a tree of typed terms: what parse.hpp makes of a text, and what is compiled to SQL
/// (io/postgres/query_sql.hpp) or applied to an event in memory (match.hpp). The language: docs/search.md.
namespace mesher::query {

/// What a term asks about; names and kinds in fields.hpp.
enum class Field : std::uint8_t {
  text,  ///< words without a key
  is,
  assigned,
  level,
  environment,
  release,
  platform,
  first_seen,
  last_seen,
  events,
  users,
  type,
  message,
  culprit,
  stack_function,
  stack_module,
  stack_file,
  user_id,
  user_email,
  user_name,
  user_ip,
  has,
  tag,  ///< Term::key says which
  any_tag,
};

enum class Compare : std::uint8_t { equal, less, at_most, greater, at_least };

/// States that `is:` knows, for Value::number.
enum class State : std::uint8_t {
  unresolved,
  resolved,
  archived,
  fresh,  ///< "new"
  ongoing,
  regressed,
  escalating,
  assigned,
  unassigned,
};

/// A text in which `*` stands for any characters: the pieces between the stars. One piece: no star.
struct Text {
  std::vector<std::string> parts{std::string()};

  [[nodiscard]] bool wild() const { return parts.size() > 1; }
  /// Without stars, what was written.
  [[nodiscard]] const std::string& plain() const { return parts.front(); }
  friend bool operator==(const Text&, const Text&) = default;
};

/// A moment, absolute or before now.
struct Moment {
  bool relative = false;
  std::int64_t amount = 0;  ///< relative: so many of `unit` before now
  char unit = 'd';          ///< s, m, h, d or w
  UnixMicros at = 0;        ///< absolute
  bool whole_day = false;   ///< absolute: written as a date

  [[nodiscard]] UnixMicros start(UnixMicros now) const;
  /// The end of what was written: of the day or of the second; a relative moment has no length.
  [[nodiscard]] UnixMicros end(UnixMicros now) const;
  friend bool operator==(const Moment&, const Moment&) = default;
};

/// Which of the members counts is the field's kind.
struct Value {
  Text text;
  std::int64_t number = 0;  ///< numbers, levels, states
  Moment moment;
  friend bool operator==(const Value&, const Value&) = default;
};

/// Where a term stands in the query; equal to any other, so that trees compare by what they mean.
struct Place {
  std::size_t position = 0;  ///< character (code point), from 1
  friend bool operator==(const Place&, const Place&) { return true; }
};

/// One condition: any of the values will do.
struct Term {
  Field field = Field::text;
  std::string key;                   ///< of a tag
  Compare compare = Compare::equal;  ///< moments, numbers and levels; others are always equal
  std::vector<Value> values;
  Place place;
  friend bool operator==(const Term&, const Term&) = default;
};

/// A tree in normal form: no `all` directly below `all`, no `any` below `any`, no `no` below `no`, and only the root
/// may be an `all` of nothing, which everything satisfies.
struct Node {
  enum class Kind : std::uint8_t { all, any, no, term };
  Kind kind = Kind::all;
  std::vector<Node> children;  ///< two or more of all and any, one of no
  Term term;

  [[nodiscard]] bool empty() const { return kind == Kind::all && children.empty(); }
  friend bool operator==(const Node&, const Node&) = default;
};

}  // namespace mesher::query
