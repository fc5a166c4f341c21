#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mesher::auth {

/// `text`, encrypted and authenticated under `secret` (XSalsa20-Poly1305, a random nonce in front). `secret` must be
/// hard to guess; any length. Any thread.
[[nodiscard]] std::string seal(std::string_view text, std::string_view secret);

/// Nothing if `sealed` was not made with `secret`, or was changed.
[[nodiscard]] std::optional<std::string> unseal(std::string_view sealed, std::string_view secret);

}  // namespace mesher::auth
