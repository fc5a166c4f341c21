#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "nodes/query/ast.hpp"
#include "nodes/query/fields.hpp"

/// The language of search queries; its grammar is in docs/search.md. Pure functions, any thread.
namespace mesher::query {

// Limits: whatever is written, a query stays cheap to read and to answer.
constexpr std::size_t kMaxLength = 4096;  ///< bytes
constexpr std::size_t kMaxDepth = 16;     ///< parentheses and negations inside each other
constexpr std::size_t kMaxTerms = 50;
constexpr std::size_t kMaxValues = 100;  ///< of all terms together

struct Mistake {
  std::size_t position = 0;  ///< character (code point) of the query, from 1; one beyond the last: its end
  std::string message;       ///< what is wrong there and what was expected
};

/// `text` should be UTF-8; other bytes are taken as they are.
[[nodiscard]] std::variant<Node, Mistake> parse(std::string_view text, Scope scope);

/// A text that parses to the same tree; the same for equal trees.
[[nodiscard]] std::string print(const Node& node);

}  // namespace mesher::query
