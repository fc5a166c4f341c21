#pragma once

#include "io/api/call.hpp"

namespace mesher::api {

/// POST /api/v1/graph/test: runs the [[tests]] of a topology file; changes nothing.
[[nodiscard]] http::Response test_graph(Call& call);

}  // namespace mesher::api
