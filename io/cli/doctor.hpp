#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher doctor`: looks at the data directory, the journal, the database and the disk without changing anything, and
/// prints a line for each: well, or what is wrong and what to do. Exit code 1 if something needs attention.
[[nodiscard]] int doctor(const CommandLine& line);

/// Exit code of a child process, 128 + signal if it was killed.
[[nodiscard]] int wait_for_child(int pid);

}  // namespace mesher::cli
