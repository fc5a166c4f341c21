// How an explanation of grouping is shown to people.
#include <fmt/format.h>

#include <iterator>

#include "nodes/grouping.hpp"

namespace mesher::nodes {

std::string to_hex(const Fingerprint& fingerprint) {
  return fmt::format("{:02x}", fmt::join(fingerprint, ""));
}

std::string to_text(const GroupingExplanation& explanation) {
  std::string text = fmt::format("grouped by {} (version {})\n", explanation.method, kGroupingVersion);
  if (!explanation.rule.empty()) {
    fmt::format_to(std::back_inserter(text), "  by the project's rule in line {}: {}\n", explanation.rule_line,
                   explanation.rule);
  }
  for (const auto& variant : explanation.variants) {
    fmt::format_to(std::back_inserter(text), "  {} {}{}\n", variant.name, to_hex(variant.hash),
                   variant.contributes ? "" : "  (overruled)");
    for (const auto& c : variant.components) {
      fmt::format_to(std::back_inserter(text), "    {:{}}{} {}{}{}", "", 2 * c.depth, c.contributes ? '+' : '-', c.name,
                     c.value.empty() ? "" : ": ", c.value);
      if (!c.reason.empty()) fmt::format_to(std::back_inserter(text), "  ({})", c.reason);
      text += '\n';
    }
  }
  return text;
}

}  // namespace mesher::nodes
