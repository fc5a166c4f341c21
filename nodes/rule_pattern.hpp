#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mesher::nodes {

/// A pattern on a whole text: `*` any characters, `?` one, `{a,b}` either (not nested). Immutable, any thread.
/// The work is bounded, whoever wrote pattern and text: texts are looked at up to kMostText bytes, and what has not
/// matched after kMostSteps steps does not match.
class RulePattern {
 public:
  enum class Mode : std::uint8_t {
    exact,        ///< with case
    ignore_case,  ///< ASCII letters without case
    path,  ///< without case; `\` is `/`; `*` and `?` stay within a folder, `**` crosses folders; "src/a.c" is also
           ///< tried as "/src/a.c", so that `**/src/*.c` finds it
  };
  static constexpr std::size_t kMostText = 2048;
  static constexpr std::size_t kMostSteps = 100'000;  ///< ordinary patterns take about one a character

  RulePattern(std::string_view pattern, Mode mode);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  Mode mode_;
  std::vector<std::string> alternatives_;  ///< without braces
  bool literal_ = false;                   ///< one alternative, nothing special in it
};

}  // namespace mesher::nodes
