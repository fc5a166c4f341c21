#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher nodes` and `mesher drain NODE`: on the database alone, so that they serve when nodes do not answer. Answer
/// the exit code.
[[nodiscard]] int run_nodes(const CommandLine& line);
[[nodiscard]] int run_drain(const CommandLine& line);

}  // namespace mesher::cli
