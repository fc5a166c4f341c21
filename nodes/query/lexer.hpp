#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "nodes/query/ast.hpp"

/// For parse.cpp: the characters of a query, read from left to right.
namespace mesher::query {

[[nodiscard]] bool is_blank(char c);
/// A backslash before one of these takes it literally; before others it is a backslash.
[[nodiscard]] bool is_escapable(char c);

/// A value as it stands in the query.
struct Piece {
  Text text;
  std::size_t at = 0;  ///< byte offset
  bool quoted = false;
};

/// `key:` in front of a value.
struct Key {
  std::string_view name;
  bool bracketed = false;  ///< tags[name]
  std::size_t at = 0;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool end() const { return at_ == text_.size(); }
  /// The next character, '\0' at the end.
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip(std::size_t n = 1) { at_ += n; }
  void skip_blanks();

  /// True if the word at hand is `word` and nothing else.
  [[nodiscard]] bool at_keyword(std::string_view word) const;
  /// Takes `key:` if there is one that a value may follow; what looks like a piece of code or of a message is none.
  std::optional<Key> take_key();
  /// Takes a text in quotation marks; nothing if it is not closed.
  std::optional<Piece> take_quoted();
  /// Takes up to a blank, one of `stops`, or a closing parenthesis that was not opened within (if `in_group`).
  Piece take_bare(std::string_view stops, bool in_group);

 private:
  /// Adds the character at hand, which may be escaped or a star, to `text`.
  void take_character(Text& text);

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace mesher::query
