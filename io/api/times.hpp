#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/base/clock.hpp"

namespace mesher::api {

/// RFC 3339, UTC, milliseconds: "2026-01-02T03:04:05.678Z".
[[nodiscard]] std::string rfc3339(UnixMicros time);

/// "2026-01-02", for days.
[[nodiscard]] std::string iso_day(UnixMicros time);

/// A time as callers write it: RFC 3339 with `Z` or an offset (a blank in place of `+`, which is what an unescaped `+`
/// of a URL becomes, is accepted), or Unix seconds with or without a fraction. Nothing if it is neither, does not exist
/// (February 30), or lies outside the years 1970 to 9999.
[[nodiscard]] std::optional<UnixMicros> parse_time(std::string_view text);

}  // namespace mesher::api
