#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mesher::http {

/// scheme "://" public [":" [secret]] "@" host [":" port] "/" [path "/"] project_id, as SDKs are given it.
struct Dsn {
  std::string scheme;      ///< http or https
  std::string public_key;  ///< not checked: see is_public_key
  std::string host;        ///< with brackets if IPv6
  std::uint16_t port = 0;  ///< 0: the scheme's own
  std::string path;        ///< what stands before /api/…; empty or "/a/b"
  std::uint32_t project_id = 0;
};

/// Nothing if it is not a DSN. A secret, a query string and a fragment are accepted and ignored.
[[nodiscard]] std::optional<Dsn> parse_dsn(std::string_view text);

/// 32 hex digits.
[[nodiscard]] bool is_public_key(std::string_view text);

/// A decimal number that fits; nothing otherwise.
[[nodiscard]] std::optional<std::uint32_t> parse_project_id(std::string_view text);

}  // namespace mesher::http
