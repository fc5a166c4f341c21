#pragma once

#include "graph/node.hpp"

namespace mesher::nodes {

/// Node type `http_post`, a sink for events: posts each batch to a URL, as NDJSON or as a JSON array of the same
/// objects (sink.hpp). Retries with back-off what may succeed later (no connection, 408, 425, 429, 5xx); what the
/// receiver refuses for good is counted, logged and given up. At least once.
[[nodiscard]] graph::NodeSpec http_post_spec();

}  // namespace mesher::nodes
