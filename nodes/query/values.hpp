#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nodes/query/ast.hpp"

/// For parse.cpp and print.cpp: numbers and times as queries write them.
namespace mesher::query {

/// 100, 20k, 3m. At most 10^15.
[[nodiscard]] std::optional<std::int64_t> read_number(std::string_view text);

/// -7d, +12h, 2026-11-01, 2026-11-01T10:00:00Z (any offset; without one: UTC; whole seconds). `sign` of a relative one.
/// Years 1970 to 9999.
[[nodiscard]] std::optional<Moment> read_moment(std::string_view text, char& sign);

/// What read_moment reads; a relative one with a minus.
[[nodiscard]] std::string moment_text(const Moment& moment);

}  // namespace mesher::query
