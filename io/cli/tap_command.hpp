#pragma once

#include <string>
#include <string_view>

#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// `mesher tap NODE`: prints what leaves a node of a running server, until it is interrupted or --count is reached.
[[nodiscard]] int run_tap(const CommandLine& line);

/// A message of the tap as people read it: a line for the event, indented lines for its tags and stack, and one that
/// says how many went by unseen before it. Empty for messages that are no events.
[[nodiscard]] std::string pretty_tap(std::string_view message);

}  // namespace mesher::cli
