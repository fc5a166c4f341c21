#pragma once

#include <string>
#include <vector>

#include "graph/base/result.hpp"

namespace mesher::postgres {

/// What a conninfo says, as variables for programs of PostgreSQL, "PGHOST=/tmp": passwords do not belong on a command
/// line, where everybody on the machine can read them. Error: invalid.
[[nodiscard]] Result<std::vector<std::string>> environment_of(const std::string& conninfo);

}  // namespace mesher::postgres
