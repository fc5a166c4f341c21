#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher retain`: does what the server does every hour, now. Answers the exit code.
[[nodiscard]] int run_retain(const CommandLine& line);

}  // namespace mesher::cli
