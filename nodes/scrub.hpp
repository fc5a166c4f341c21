#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "graph/node.hpp"
#include "nodes/ports/projects.hpp"
#include "nodes/scrub_rules.hpp"

/// Takes passwords, tokens, card numbers and the like out of events before anything of them is stored or shown.
namespace mesher::nodes {

/// Appends the JSON text with secrets replaced by "[Filtered]" to `out` and answers how many; 0: none, `out` is as
/// before. `json` must be valid. What is no secret stays byte for byte. Three kinds are found, in one pass over the
/// text: values of sensitive names, of whatever type; second elements of `["name", value]` pairs within a list; secrets
/// inside of strings (scrub_text). null, booleans and what is empty are no secrets.
std::size_t scrub_json(std::string_view json, const ScrubRules& rules, KeyCache& cache, std::string& out);

/// Node type `scrub`, events to events: applies the scrubbing settings of each event's project.
[[nodiscard]] graph::NodeSpec scrub_spec(const ports::ProjectDirectory* projects);

}  // namespace mesher::nodes
