#pragma once

#include <string>

#include "graph/base/result.hpp"
#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// Runs a command other than `serve`; answers the program's exit code.
[[nodiscard]] int run_command(const CommandLine& line);

/// "0.1.0"
[[nodiscard]] std::string version();

/// What this machine calls itself; "mesher" if it has no name.
[[nodiscard]] std::string host_name();

/// Makes the data directory, so that the journal and an unprivileged PostgreSQL can live in it. Error: denied, with
/// what to do.
[[nodiscard]] Status prepare_data_dir(const Config& config);

}  // namespace mesher::cli
