#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"
#include "io/http/byte_budget.hpp"

namespace mesher::http {

enum class ContentEncoding : std::uint8_t { identity, gzip, deflate, br, zstd };

/// Of a Content-Encoding header's value; empty means identity. Nothing for unknown encodings and for chains of several
/// (no SDK sends one, and each link multiplies what a bomb can do).
[[nodiscard]] std::optional<ContentEncoding> parse_content_encoding(std::string_view value);

/// Undoes an encoding. gzip may have several members, deflate may be zlib-wrapped or raw, zstd may have several frames.
/// Stops as soon as the output exceeds `limit` bytes or `memory` (charged piece by piece) is spent, so that a bomb
/// costs no more than that. Behind the answer's bytes there is room for simdjson's padding. Errors: too_large (over the
/// limit), exhausted (memory), corrupt (not that encoding, damaged or cut off). Any thread.
[[nodiscard]] Result<std::string> decode_content(ContentEncoding encoding, std::string_view input, std::size_t limit,
                                                 ByteBudget::Reservation& memory);

}  // namespace mesher::http
