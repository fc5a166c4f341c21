// The topology parser must neither crash nor hang on any text, and what it accepts must be drawable and equal to
// itself.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "graph/base/assert.hpp"
#include "graph/topology.hpp"

namespace {

using namespace mesher;
using namespace mesher::graph;

class Nothing final : public Node {
 public:
  void process(Batch&) override {}
};

Registry types() {
  NodeSpec spec;
  spec.type = "pass";
  spec.make = [](const Options&) -> Result<MadeNode> { return MadeNode{std::make_unique<Nothing>(), nullptr}; };
  Registry out;
  out.add(spec);
  spec.type = "all";
  spec.options = {{"b", OptionType::boolean, "true", ""},      {"i", OptionType::integer, "1", ""},
                  {"n", OptionType::number, "0.5", ""},        {"s", OptionType::string, "x", ""},
                  {"size", OptionType::bytes, "1 KiB", ""},    {"every", OptionType::duration, "1 s", ""},
                  {"list", OptionType::string_list, "[]", ""}, {"where", OptionType::table, "", ""}};
  spec.outputs = [](const Options& options) { return options.strings("list"); };
  out.add(spec);
  spec = NodeSpec{};
  spec.type = "store";
  spec.ordered_sink = true;
  spec.produces = "none";
  spec.make = [](const Options&) -> Result<MadeNode> { return MadeNode{std::make_unique<Nothing>(), nullptr}; };
  out.add(spec);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Registry registry = types();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_topology(text, registry, {{"journal", "records"}}, {"server"});
  for (const auto& mistake : parsed.mistakes) MESHER_ASSERT(!mistake.text("f").empty());
  if (!parsed.mistakes.empty()) return 0;
  MESHER_ASSERT(!parsed.topology.nodes.empty());
  MESHER_ASSERT(!draw_text(parsed.topology).empty());
  MESHER_ASSERT(!draw_mermaid(parsed.topology).empty());
  MESHER_ASSERT(!draw_dot(parsed.topology).empty());
  MESHER_ASSERT(!to_json(parsed.topology).empty());
  MESHER_ASSERT(diff(parsed.topology, parsed.topology).empty());
  return 0;
}
