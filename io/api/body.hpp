#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/api/call.hpp"

namespace mesher::api {

constexpr std::size_t kMostBody = 1 << 20;

/// Reads and checks the members of a request's JSON object, as Parameters does with the query: the first mistake is
/// kept with the call's parameters and names the member; after it every reader answers nothing. Members that nobody has
/// asked for are mistakes, too: finish() names the nearest known one.
class Body {
 public:
  /// Refuses what is no JSON object, or larger than 1 MiB. An empty body counts as {}.
  explicit Body(Call& call);
  /// A part of a body. `path` is its name in mistakes: "settings.filters".
  Body(Call& call, const Json& object, std::string path);

  /// UTF-8 without control characters, between `least` and `most` bytes; blanks at both ends are cut.
  std::optional<std::string> text(std::string_view name, std::size_t least, std::size_t most);
  std::string required_text(std::string_view name, std::size_t least, std::size_t most);
  /// Text that is taken as it is: a password.
  std::optional<std::string> secret(std::string_view name, std::size_t least, std::size_t most);
  std::string required_secret(std::string_view name, std::size_t least, std::size_t most);
  std::optional<bool> boolean(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  std::optional<std::string> choice(std::string_view name, std::initializer_list<std::string_view> allowed);
  /// RFC 3339, or Unix seconds as text; null reads as absent.
  std::optional<UnixMicros> time(std::string_view name);
  /// A list of texts, each of 1 to `longest` bytes.
  std::optional<std::vector<std::string>> texts(std::string_view name, std::size_t most, std::size_t longest);
  std::optional<std::vector<std::int64_t>> ids(std::string_view name, std::size_t most);
  /// A member as it is; null pointer if absent. Known from now on.
  const Json* member(std::string_view name);

  /// "settings.filters.messages"
  [[nodiscard]] std::string path(std::string_view name) const;
  void refuse(std::string_view name, std::string_view what);
  /// Refuses members that nobody asked for. To be called last.
  void finish();

 private:
  std::optional<std::string> clean(std::string_view name, const Json& value, std::size_t least, std::size_t most);

  Call& call_;
  Json own_;
  const Json* object_;
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace mesher::api
