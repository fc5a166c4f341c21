#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/api/parameters.hpp"
#include "nodes/event.hpp"

/// The language of the `query` parameter, so far: words, "exact words", `is:unresolved|resolved|archived`,
/// `level:NAME`. All terms must hold.
namespace mesher::api {

struct SearchQuery {
  std::optional<std::string> status;
  std::optional<nodes::Level> level;
  std::vector<std::string> words;  ///< to be found in the title or message, in any case of letters
};

struct QueryMistake {
  std::size_t position;  ///< character (code point) of the query, counted from 1
  std::string message;
};

/// `text` must be UTF-8. `with_status`: whether `is:` makes sense in this list (it does for issues, not for events).
[[nodiscard]] std::variant<SearchQuery, QueryMistake> parse_query(std::string_view text, bool with_status);

/// As above; a mistake becomes the failure of `parameters`.
[[nodiscard]] SearchQuery read_query(Parameters& parameters, std::string_view text, bool with_status);

}  // namespace mesher::api
