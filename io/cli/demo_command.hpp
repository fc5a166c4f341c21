#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher demo`: fills a project of the organisation "Demo" with a believable fortnight (io/demo) and then, until
/// Ctrl-C, sends events to the running server. With --once it ends after filling, and needs no running server. A
/// project that has issues already is not filled again. Answers the exit code.
[[nodiscard]] int run_demo(const CommandLine& line);

}  // namespace mesher::cli
