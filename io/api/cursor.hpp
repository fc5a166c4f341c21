#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Keyset cursors: opaque to callers, `base64url(values · checksum)`. The checksum also covers `list`, the name of the
/// list with all that makes its order and content (project, sort, query): a cursor of another list, or a damaged one,
/// does not decode.
namespace mesher::api {

/// `values` must not contain the byte 0x1f.
[[nodiscard]] std::string encode_cursor(std::string_view list, const std::vector<std::string>& values);

/// The values, exactly `count` of them; nothing if the cursor is not one of this list.
[[nodiscard]] std::optional<std::vector<std::string>> decode_cursor(std::string_view list, std::string_view cursor,
                                                                    std::size_t count);

}  // namespace mesher::api
