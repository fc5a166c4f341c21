#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mesher::nodes {

/// A pattern on a whole text, ASCII letters without case: `*` any characters, `?` one, `{a,b}` either (not nested).
/// Time is at most pattern × text, whatever the pattern. Immutable.
class Glob {
 public:
  explicit Glob(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  std::vector<std::string> alternatives_;  ///< without braces, lower case
};

}  // namespace mesher::nodes
