#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/query/ast.hpp"

/// What counts as a word, in one place: the index of words (PostgreSQL's tsvector), the check of a text in SQL, and the
/// check of an event in memory all follow it.
///
/// Letters, digits and everything beyond ASCII make words; all else, also `_`, lies between them. Inside a word another
/// begins at a hump: `parseHTTPRequest` has the words parseHTTPRequest, HTTPRequest and Request. Searching asks for
/// beginnings of words in any case of letters, so `request`, `httpreq` and `parse` all find it.
namespace mesher::query {

/// Longest word of the index, in bytes; longer ones are found by their beginning.
constexpr std::size_t kMaxWord = 64;

[[nodiscard]] bool is_word_character(char c);
/// True if a word begins at `at`.
[[nodiscard]] bool starts_word(std::string_view text, std::size_t at);

/// Lower case of ASCII, Latin, Greek and Cyrillic letters. The length stays.
[[nodiscard]] std::string fold(std::string_view text);
void fold(std::string_view text, std::string& out);

/// Calls `use(std::string_view)` with each word of a text that is folded to `folded` (same length), cut to kMaxWord,
/// also those that begin at humps. `text` decides where the humps are.
template <class Use>
void for_each_word(std::string_view text, std::string_view folded, Use&& use);

/// Something to be found in a text: pieces of folded text in this order, with anything between them.
struct Needle {
  std::vector<std::string> parts;
  bool from_word = false;  ///< only where a word begins
  friend bool operator==(const Needle&, const Needle&) = default;
};

/// No parts if it asks for nothing.
[[nodiscard]] Needle needle_of(const Text& text);

[[nodiscard]] bool contains(std::string_view text, const Needle& needle);

/// Beginnings of words that every text with this needle has: what to ask the index for. May be empty.
[[nodiscard]] std::vector<std::string> beginnings(const Needle& needle);
/// True if a text that has the beginnings has the needle.
[[nodiscard]] bool beginnings_say_all(const Needle& needle);

/// The upper case of a folded letter of two bytes in UTF-8; empty if it has none.
[[nodiscard]] std::string upper_case(std::string_view letter);

// ---- implementation of the template

[[nodiscard]] std::string_view cut_word(std::string_view word);

template <class Use>
void for_each_word(std::string_view text, std::string_view folded, Use&& use) {
  std::size_t end = 0;  // of the run of letters that holds `at`
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (at >= end) {
      while (at < text.size() && !is_word_character(text[at])) ++at;
      end = at;
      while (end < text.size() && is_word_character(text[end])) ++end;
      if (at == end) return;
    } else if (!starts_word(text, at)) {
      continue;
    }
    use(cut_word(folded.substr(at, end - at)));
  }
}

}  // namespace mesher::query
