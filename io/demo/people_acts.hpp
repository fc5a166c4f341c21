#pragma once

#include <cstdint>

#include "graph/base/result.hpp"
#include "io/demo/material.hpp"
#include "io/demo/place.hpp"

namespace mesher::demo {

/// Does to an issue what somebody of the demo does, the way the API would. Errors: invalid (the material says something
/// that can't be done), unavailable, internal.
[[nodiscard]] Status act(postgres::Pool& pool, const Place& place, std::int64_t issue_id, const Action& action);

}  // namespace mesher::demo
