// The rules' parser must neither crash nor hang on any text, tell a place for every mistake, and what it accepts must
// be applicable to an event.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/base/assert.hpp"
#include "nodes/fingerprint_node.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mesher;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<graph::Diagnostic> mistakes;
  const auto rules = nodes::FingerprintRules::parse(text, mistakes);
  for (const auto& mistake : mistakes) MESHER_ASSERT(mistake.place.line > 0 && mistake.place.column > 0);
  nodes::Arena arena;
  nodes::Event event;
  event.message = text;
  nodes::Exception exception;
  exception.type = exception.value = text.substr(0, size / 2);
  event.exceptions = {&exception, 1};
  nodes::Grouper grouper;
  nodes::fingerprint_event(event, grouper, arena, &rules);
  MESHER_ASSERT(!event.title.empty());
  for (const auto& rule : rules.rules()) {
    nodes::apply_rule(rule, event, arena);
    MESHER_ASSERT(event.fingerprint.size() == rule.parts.size() && !rule.parts.empty());
  }
  return 0;
}
