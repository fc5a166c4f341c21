#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mesher::graph {

/// The candidate that someone who wrote `name` most likely meant; empty if none is near. Damerau-Levenshtein distance
/// (optimal string alignment), at most a third of the longer name, ties by order.
[[nodiscard]] std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

/// "did you mean `x`?", or else the list of what there is, or nothing if there is nothing.
[[nodiscard]] std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace mesher::graph
