#pragma once

#include "io/cli/command_line.hpp"

/// `mesher backup F` and `mesher restore F` (docs/backup.md). Both answer the exit code.
namespace mesher::cli {

[[nodiscard]] int run_backup(const CommandLine& line);
[[nodiscard]] int run_restore(const CommandLine& line);

}  // namespace mesher::cli
