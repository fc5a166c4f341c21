#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mesher::notify {

/// "t=1700000000,v1=<hex HMAC-SHA256 of "1700000000.body">", for X-Mesher-Signature.
[[nodiscard]] std::string signature(std::string_view body, std::string_view secret, std::int64_t unix_seconds);

/// 32 hexadecimal digits that stand for the text (BLAKE2b).
[[nodiscard]] std::string digest_of(std::string_view text);

/// Lower-case hexadecimal.
[[nodiscard]] std::string hex_of(std::string_view bytes);

}  // namespace mesher::notify
