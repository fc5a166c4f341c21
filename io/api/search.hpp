#pragma once

#include <string_view>

#include "io/api/parameters.hpp"
#include "nodes/query/fields.hpp"
#include "nodes/query/parse.hpp"

namespace mesher::api {

/// The parameter `query` (docs/search.md); a mistake becomes the failure of `parameters`, with its position.
[[nodiscard]] query::Node read_query(Parameters& parameters, query::Scope scope);
/// The same for a query that is elsewhere, in a body say.
[[nodiscard]] query::Node read_query(Parameters& parameters, std::string_view text, query::Scope scope);

}  // namespace mesher::api
