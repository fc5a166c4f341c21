#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nodes/glob.hpp"

/// Ownership rules: whom new issues are assigned to. One rule a line, `#` at its beginning makes it a comment; the last
/// rule that matches decides (docs/ownership.md):
///
///   path:src/payments/*        #payments            a team
///   path:"reports/year end/*"  ann@example.com      a member
///   tags.customer:acme*        #"Key accounts"
namespace mesher::nodes {

/// Which events a rule is about. Immutable.
class OwnerPattern {
 public:
  /// `tag`: its key; empty: the pattern is of paths.
  OwnerPattern(std::string_view tag, std::string_view pattern);
  /// A path matches as a whole or from any of its folders on. Any of the paths or tags will do.
  [[nodiscard]] bool matches(std::span<const std::string> paths,
                             std::span<const std::pair<std::string, std::string>> tags) const;

 private:
  std::string tag_;
  Glob whole_, inside_;
};

struct OwnershipLine {
  std::size_t line = 0;          ///< from 1
  std::size_t owner_column = 0;  ///< from 1, in characters
  std::string tag, pattern;
  std::string owner;  ///< name of the team or e-mail address in lower case
  bool is_team = false;
};

struct OwnershipMistake {
  std::size_t line = 0, column = 0;  ///< from 1, column in characters
  std::string message;
};

constexpr std::size_t kMostOwnershipRules = 1000;

/// All rules, or all mistakes in the order of the lines. `text` must be UTF-8.
[[nodiscard]] std::variant<std::vector<OwnershipLine>, std::vector<OwnershipMistake>> parse_ownership(
    std::string_view text);

}  // namespace mesher::nodes
