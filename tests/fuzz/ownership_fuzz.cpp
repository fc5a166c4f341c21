// Ownership rules: any text is read or answered with mistakes that have a place in it; what was read matches something.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/base/assert.hpp"
#include "nodes/ownership.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = mesher::nodes::parse_ownership(text);
  if (const auto* mistakes = std::get_if<std::vector<mesher::nodes::OwnershipMistake>>(&parsed)) {
    MESHER_ASSERT(!mistakes->empty());
    for (const auto& mistake : *mistakes) MESHER_ASSERT(mistake.line >= 1 && mistake.column >= 1);
    return 0;
  }
  const std::vector<std::string> paths{"src/a.py", "/app/src/a.py"};
  const std::vector<std::pair<std::string, std::string>> tags{{"a", "b"}};
  for (const auto& rule : std::get<std::vector<mesher::nodes::OwnershipLine>>(parsed)) {
    MESHER_ASSERT(!rule.pattern.empty() && !rule.owner.empty());
    (void)mesher::nodes::OwnerPattern(rule.tag, rule.pattern).matches(paths, tags);
  }
  return 0;
}
