#pragma once

#include <string>

#include "graph/base/clock.hpp"

namespace mesher::nodes {

/// `2026-01-31T23:59:59.123Z`. Years outside 0..9999 are cut to that range.
[[nodiscard]] std::string rfc3339_millis(UnixMicros time);

/// `2026-01-31`, the UTC day.
[[nodiscard]] std::string utc_day(UnixMicros time);

}  // namespace mesher::nodes
