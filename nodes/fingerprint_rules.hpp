#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/topology.hpp"
#include "nodes/event.hpp"
#include "nodes/rule_pattern.hpp"

/// A project's own rules on which events are the same issue (docs/grouping.md has the language for users):
///
///     # comment
///     type:DatabaseError message:"connection *" -> database-down {{ default }}
///     !release:1.* function:{checkout,pay} -> payment-{{ tags.region }} title="Payment fails in {{ tags.region }}"
///
/// One rule a line: matchers, `->`, parts of the fingerprint. All matchers must hold; the first rule that matches gives
/// the event its fingerprint in place of the sender's. `{{ default }}` in it is what grouping does without any
/// fingerprint. A checksum of the sender's stays the last word.
///
/// Matchers on exceptions (type, value) hold together on one exception, those on frames (function, module, package,
/// path, app) on one frame. If all matchers on exceptions (or frames) are negated, none of the event's may be like
/// that.
namespace mesher::nodes {

enum class RuleField : std::uint8_t {
  // of an exception
  type,
  value,
  // of a frame
  function,
  module,
  package,
  path,
  app,
  // of the event
  message,  ///< its message, or any exception's value
  logger,
  level,
  release,
  environment,
  transaction,
  platform,
  family,
  sdk,
  tag,
};

struct RuleMatcher {
  RuleField field{};
  bool negated = false;
  std::string tag;  ///< its key, if field is tag
  RulePattern pattern;
  bool absent = false;  ///< the pattern is empty: matches what the event does not have
};

/// Literal text and variables, in order. `{{ default }}` stands alone.
struct RuleText {
  struct Piece {
    bool variable = false;
    std::string text;  ///< name of the variable, or literal text
  };
  std::vector<Piece> pieces;
};

struct FingerprintRule {
  std::uint32_t line = 0;
  std::string source;  ///< the line as written, without white space around it
  std::vector<RuleMatcher> of_event, of_exceptions, of_frames;
  std::vector<RuleText> parts;
  std::optional<RuleText> title;

  [[nodiscard]] bool matches(const Event& event) const;
};

/// Immutable, any thread.
class FingerprintRules {
 public:
  static constexpr std::size_t kMostBytes = 64 * 1024;
  static constexpr std::size_t kMostRules = 500;
  static constexpr std::size_t kMostMatchers = 20, kMostParts = 20;  ///< of one rule

  FingerprintRules() = default;
  /// Reads all lines. Lines with mistakes are left out, and every mistake is added to `mistakes`, in the order of the
  /// text, with line, column (in characters) and what was expected. An empty text has no rules and no mistakes.
  static FingerprintRules parse(std::string_view text, std::vector<graph::Diagnostic>& mistakes);

  [[nodiscard]] bool empty() const { return rules_.empty(); }
  [[nodiscard]] const std::vector<FingerprintRule>& rules() const { return rules_; }
  /// The first rule that matches; null: none does.
  [[nodiscard]] const FingerprintRule* match(const Event& event) const;

 private:
  std::vector<FingerprintRule> rules_;
};

/// Mistakes of a text of rules; none: it can be saved.
[[nodiscard]] std::vector<graph::Diagnostic> check_fingerprint_rules(std::string_view text);

/// Replaces the event's fingerprint by the rule's. Variables that stand alone stay for grouping to resolve.
void apply_rule(const FingerprintRule& rule, Event& event, Arena& arena);

/// The rule's title for the event, at most 256 characters; empty: it has none.
[[nodiscard]] std::string_view rule_title(const FingerprintRule& rule, const Event& event, Arena& arena);

/// Reads one line; nothing for blank lines, comments, and lines with mistakes. For FingerprintRules::parse.
[[nodiscard]] std::optional<FingerprintRule> parse_fingerprint_rule(std::string_view text, std::uint32_t line,
                                                                    std::vector<graph::Diagnostic>& mistakes);

}  // namespace mesher::nodes
