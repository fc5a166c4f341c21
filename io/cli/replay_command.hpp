#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher replay`: marks quarantined events for the server of the data directory (or database) to send round again,
/// waits until it has, and prints how many. Without a running server they stay marked for its next start. Answers the
/// exit code: 1 if nothing fits or the server does not finish in time, 2 if it was not told which.
[[nodiscard]] int run_replay(const CommandLine& line);

}  // namespace mesher::cli
