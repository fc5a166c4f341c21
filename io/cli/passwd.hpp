#pragma once

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher passwd --email E`: a new password for an account, typed twice at a terminal or as the first line of standard
/// input; all its sessions end. For who has forgotten it and can get at the machine. Answers the exit code.
[[nodiscard]] int passwd(const CommandLine& line);

}  // namespace mesher::cli
