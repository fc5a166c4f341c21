#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Small pure helpers on the text forms of HTTP.
namespace mesher::http {

/// Undoes %XX; with `plus_is_space` also '+', as in query strings. Malformed escapes stay as they are.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_space);

/// Takes a request's target apart: `path` with percent encoding undone and repeated slashes collapsed, `query` as it
/// is.
void split_target(std::string_view target, std::string& path, std::string& query);

/// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD, so that the answer is always valid.
void append_json_string(std::string_view text, std::string& out);

/// Comparison without regard to ASCII case.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// True if a comma-separated header value has this element, without regard to case.
[[nodiscard]] bool has_element(std::string_view list, std::string_view element);

/// Base64 in the standard or URL alphabet, with or without padding; white space is skipped. Nothing if it is not that.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace mesher::http
