#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "graph/base/clock.hpp"
#include "nodes/event.hpp"

/// From the forms in which clients write times, levels and numbers to ours. Pure functions.
namespace mesher::nodes {

/// RFC 3339 with any offset, fraction of any length (cut to microseconds), 'T' or space between, zone optional (UTC).
/// Years 0001 to 9999. Nothing if it is none.
[[nodiscard]] std::optional<UnixMicros> parse_rfc3339(std::string_view text);

/// Seconds since 1970 as a JSON number, integer or float. Nothing beyond the years 0001 to 9999.
[[nodiscard]] std::optional<UnixMicros> parse_unix_seconds(std::string_view number);

/// The numbers of Python's logging: 10 debug … 50 critical.
[[nodiscard]] std::optional<Level> level_number(std::string_view number);

/// Whole number at the start of `text`, 0 if there is none or it does not fit.
[[nodiscard]] std::uint32_t to_u32(std::string_view text);

/// Without white space (ASCII, and control characters) at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// Number of characters (code points) of valid UTF-8.
[[nodiscard]] std::size_t characters(std::string_view utf8);

/// The first `n` characters.
[[nodiscard]] std::string_view first_characters(std::string_view utf8, std::size_t n);

/// If `text` begins with "scheme://", where the path begins; 0 otherwise.
[[nodiscard]] std::size_t url_path_start(std::string_view text);

/// The path of a URL without query and fragment; empty if `text` is no URL.
[[nodiscard]] std::string_view url_path(std::string_view text);

/// ASCII letters compared without case.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

/// An IPv4 or IPv6 address in text form.
[[nodiscard]] bool is_ip_address(std::string_view text);

}  // namespace mesher::nodes
