#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher top`: the graph of a running server in the terminal. Keys: s sorts, p pauses, q quits. With --plain, and
/// when standard output is no terminal, tables without colours: one, or --count of them.
[[nodiscard]] int run_top(const CommandLine& line);

}  // namespace mesher::cli
