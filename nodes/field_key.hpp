#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/node.hpp"
#include "nodes/event.hpp"

namespace mesher::nodes {

/// Hash of the event's project and of the given fields, for nodes that keep something by key.
[[nodiscard]] std::uint64_t field_key(const Event& event, const std::vector<std::string>& fields);

/// Mistakes of an option that lists field names.
[[nodiscard]] std::vector<graph::OptionMistake> check_fields(const graph::Options& options, const std::string& option);

}  // namespace mesher::nodes
