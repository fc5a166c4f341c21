#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/node.hpp"
#include "nodes/event.hpp"

/// Conditions on events, as users write them in the topology file:
///
///     where = { field = "level", in = ["error", "fatal"] }
///     where = { any = [{ field = "tags.region", glob = "eu-*" }, { not = { field = "release", exists = true } }] }
///
/// A table has either one of `all`, `any` (lists of conditions), `not` (one condition), or `field` with one or more of
/// the operators `equals`, `glob`, `contains` (ASCII letters without case), `in`, `exists`, `gt`, `lt` (numbers, or
/// levels), all of which must hold. Fields: condition.cpp, `help_on_fields`.
namespace mesher::nodes {

/// Text of a field, empty if the event has none. Unknown names: empty; known_field tells.
[[nodiscard]] std::string_view field_text(const Event& event, std::string_view field, std::string& scratch);
[[nodiscard]] bool known_field(std::string_view field);
/// The names of all fields, for help texts.
[[nodiscard]] std::string help_on_fields();

/// Immutable, any thread.
class Condition {
 public:
  /// From JSON text. Null if there are mistakes, which are added under the name of `option`.
  [[nodiscard]] static std::shared_ptr<const Condition> parse(std::string_view json, const std::string& option,
                                                              std::vector<graph::OptionMistake>& mistakes);

  virtual ~Condition() = default;
  [[nodiscard]] virtual bool matches(const Event& event) const = 0;
};

}  // namespace mesher::nodes
