#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher test --config F`: runs the [[tests]] of a config file. Exit code 0: all passed; 1: some failed, or the file
/// has mistakes; these are printed with their places.
[[nodiscard]] int run_test(const CommandLine& line);

}  // namespace mesher::cli
