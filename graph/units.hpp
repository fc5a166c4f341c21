#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"

/// Sizes and times as people write them in config files and on command lines.
namespace mesher::graph {

/// "4 MiB", "512 KiB", "1.5GiB", "20 MB" (10^6), "100 B", "100": bytes. Error: invalid, with an example as hint.
[[nodiscard]] Result<std::int64_t> parse_bytes(std::string_view text);

/// "250 ms", "5s", "1 h", "1.5 min", "30 us", "7 d": microseconds. A unit is needed, except for 0.
/// Error: invalid, with an example as hint.
[[nodiscard]] Result<std::int64_t> parse_duration(std::string_view text);

/// The shortest exact form that the parsers above read again: "4 MiB", "250 ms".
[[nodiscard]] std::string format_bytes(std::int64_t bytes);
[[nodiscard]] std::string format_duration(std::int64_t micros);

}  // namespace mesher::graph
