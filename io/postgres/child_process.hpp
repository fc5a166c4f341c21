#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"

namespace mesher::postgres {

/// Whom a child runs as. Only root can run one as somebody else.
struct RunAs {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;
};

struct Command {
  std::vector<std::string> arguments;         ///< first is the program's path
  std::optional<RunAs> run_as;                ///< nothing: as we are
  std::string output;                         ///< file that stdout and stderr are appended to; empty: /dev/null
  std::vector<std::string> environment = {};  ///< "NAME=value", beside ours
  std::optional<int> input_from = {};         ///< descriptor that stdin reads from; nothing: /dev/null
  std::optional<int> output_to = {};          ///< descriptor that stdout, and only that, goes to instead
};

/// Starts a child in a session of its own (a Ctrl-C in our terminal is not for it), with no descriptor of ours open and
/// without PG* variables in its environment. It outlives us unless it is told to end.
[[nodiscard]] Result<pid_t> spawn(const Command& command);

/// spawn() and wait. Answers the exit code, 128 + signal if a signal ended it.
[[nodiscard]] Result<int> run_and_wait(const Command& command);

/// Waits for a child of spawn(); the exit code as above.
[[nodiscard]] Result<int> wait_for_end(pid_t pid);

/// The last `bytes` of a file, for messages.
[[nodiscard]] std::string tail_of(const std::string& path, std::size_t bytes = 2000);

}  // namespace mesher::postgres
