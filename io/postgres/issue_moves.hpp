#pragma once

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// The rows of events follow what became of their issue (merge_issues.hpp), a thousand at a time, each batch in a
/// transaction of its own: so a huge issue blocks nobody, and a crash loses nothing.
///
/// Moves of a project are done in the order in which they were asked for, one after the other, whichever node does it:
/// each finds the rows where those before it have left them.
namespace mesher::postgres {

/// Notified when there is something to move.
inline constexpr const char* kMovesChannel = "mesher_issue_moves";

/// Moves one batch. False: nothing is left to do, or others are at it. Error: unavailable, internal.
[[nodiscard]] Result<bool> move_some(Connection& connection);

}  // namespace mesher::postgres
