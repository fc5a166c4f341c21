#pragma once

#include "graph/base/clock.hpp"
#include "io/api/api.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::cli {

/// Sends quarantined events round again: back into the journal, marked as replayed so that the books stay right.
[[nodiscard]] api::Replay replay_into(nodes::ports::Journal& journal);

}  // namespace mesher::cli
