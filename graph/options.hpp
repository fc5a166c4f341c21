#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/config_tree.hpp"
#include "graph/node.hpp"
#include "graph/topology.hpp"

/// From OptionSpecs come the parser of a node's options, their defaults, the checks and the help text.
namespace mesher::graph {

/// Options of one node in normal form: JSON object with sorted keys, defaults filled in, sizes in bytes, durations in
/// microseconds; options without default that the file does not set are absent.
struct ReadOptions {
  std::string json = "{}";
  std::vector<std::string> given;  ///< names that the file sets
};

/// Reads the entries of a node's table that are not in `common`. Unknown names, wrong types, values out of range,
/// missing required options go to `mistakes`; `place` is the node's.
[[nodiscard]] ReadOptions read_options(const NodeSpec& spec, std::string_view node, const ConfigValue& table,
                                       const std::vector<std::string>& common, Place place,
                                       std::vector<Diagnostic>& mistakes);

/// Options as a node's `make` sees them, from their normal form.
[[nodiscard]] std::unique_ptr<Options> make_options(const NodeSpec& spec, std::string_view node, std::string_view json,
                                                    const std::vector<std::string>& given);

/// The options of a node of this type that sets nothing but what the TOML text says (`rate = 0.5`): for tests and tools
/// that make nodes without a topology. Error: invalid, with all mistakes.
[[nodiscard]] Result<std::unique_ptr<Options>> options_from(const NodeSpec& spec, std::string_view node,
                                                            std::string_view toml);

/// What `mesher help node TYPE` prints: what the type does, what it takes and gives, every option with type, default,
/// limits and meaning.
[[nodiscard]] std::string help_text(const NodeSpec& spec);

/// "a string", "a size such as \"4 MiB\"", … for messages and help.
[[nodiscard]] std::string_view name_of(OptionType type);

}  // namespace mesher::graph
