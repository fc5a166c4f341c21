#pragma once

#include <string>
#include <string_view>

namespace mesher::postgres {

/// A pattern for LIKE that finds `word` anywhere, taken literally.
[[nodiscard]] inline std::string like_pattern(std::string_view word) {
  std::string pattern = "%";
  for (const char c : word) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace mesher::postgres
