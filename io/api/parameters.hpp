#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/http/message.hpp"
#include "nodes/event.hpp"

namespace mesher::api {

constexpr std::uint32_t kDefaultLimit = 25;
constexpr std::uint32_t kMaxLimit = 100;
constexpr std::size_t kMaxText = 4096;  ///< bytes of a text parameter

/// Reads and checks the parameters of one request. The first mistake is kept; after it every reader answers its
/// fallback, so a handler reads all that it needs and asks once: `if (parameters.failed()) return
/// parameters.failure();`. Used by one thread.
class Parameters {
 public:
  explicit Parameters(const http::Request& request) : request_(request) {}

  /// A numeric id of the path, from 1 to 2^31 - 1.
  std::uint32_t path_id(std::string_view name);
  /// A numeric id of the path, from 1 to 2^63 - 1.
  std::int64_t path_big_id(std::string_view name);
  /// A part of the path that is text, as text().
  std::string path_text(std::string_view name);
  /// 32 hexadecimal digits, dashes accepted.
  nodes::EventId path_event_id(std::string_view name);

  /// `limit`: 1 to 100, default 25.
  std::uint32_t limit();
  /// A time, see parse_time(); nothing if absent.
  std::optional<UnixMicros> time(std::string_view name);
  /// One of `allowed`, whose first is the default.
  std::string choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  /// "1" or "true", "0" or "false" or absent.
  bool flag(std::string_view name);
  /// Valid UTF-8 without NUL, at most kMaxText bytes; empty if absent.
  std::string text(std::string_view name);
  /// The values of `cursor` if one is given: exactly `count`, and of this list (cursor.hpp).
  std::optional<std::vector<std::string>> cursor(std::string_view list, std::size_t count);

  /// Keeps a mistake that the caller found.
  void refuse(http::Response failure);
  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  [[nodiscard]] http::Response failure() const { return *failure_; }

 private:
  std::string checked_text(std::string_view name, std::string value);
  std::int64_t path_number(std::string_view name, std::int64_t most);

  const http::Request& request_;
  std::optional<http::Response> failure_;
};

/// True for well-formed UTF-8 without NUL, which is what PostgreSQL stores.
[[nodiscard]] bool is_clean_text(std::string_view text);

}  // namespace mesher::api
