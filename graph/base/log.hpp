#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

/// One line per event on stderr: `time level [component] message`. Callable from any thread; never blocks on the
/// network. No secrets and no personal data in messages: ids, counts and causes only.
namespace mesher::log {

enum class Level : std::uint8_t { debug, info, warn, error };

/// Lines below this level are not written. Default: info.
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);

void write(Level level, std::string_view component, std::string_view message);

template <class... Args>
void debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warn)) write(Level::warn, component, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mesher::log
