#pragma once

#include "graph/base/clock.hpp"
#include "graph/node.hpp"

namespace mesher::nodes {

/// Node type `archive`, a sink for events: files `PATH/<project>/<UTC day of reception>.<start>.ndjson.zst`, one line
/// of JSON an event (sink.hpp). Each write is a zstd frame of its own and synced to disk before the batch is finished,
/// so after a crash a file has at most one torn frame at its end; `<start>` (microseconds since 1970) makes every run
/// begin files of its own, so nothing is ever written behind a torn frame. A batch that was being written comes again:
/// at least once.
[[nodiscard]] graph::NodeSpec archive_spec(const Clock* clock);

}  // namespace mesher::nodes
