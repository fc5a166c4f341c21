#include "io/postgres/needle_sql.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace mesher::postgres {
namespace {

/// Where a word begins behind something that is no word: query::starts_word without its humps.
constexpr std::string_view kAfterNoWord = R"((?:^|(?<=[\u0001-/:-@\[-`{-\u007f])))";

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';  // folded
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char upper(char c) {
  return static_cast<char>(c - 32);
}

void append_letter(std::string& out, std::string_view letter) {
  const auto other = query::upper_case(letter);
  if (other.empty()) {
    out += letter;
  } else {
    out += fmt::format("[{}{}]", letter, other);
  }
}

/// In any case of letters.
std::string literal(std::string_view folded) {
  std::string out;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const char c = folded[i];
    if (static_cast<unsigned char>(c) >= 0xC0) {
      std::size_t length = 1;
      while (i + length < folded.size() && (static_cast<unsigned char>(folded[i + length]) & 0xC0U) == 0x80) ++length;
      append_letter(out, folded.substr(i, length));
      i += length - 1;
    } else if (is_letter(c)) {
      out += {'[', c, upper(c), ']'};
    } else if (is_digit(c) || static_cast<unsigned char>(c) >= 0x80) {
      out += c;
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    }
  }
  return out;
}

}  // namespace

std::string like(const query::Text& text) {
  std::string pattern;
  for (std::size_t i = 0; i < text.parts.size(); ++i) {
    if (i > 0) pattern += '%';
    for (const char c : text.parts[i]) {
      if (c == '%' || c == '_' || c == '\\') pattern += '\\';
      pattern += c;
    }
  }
  return pattern;
}

std::string regular_expression(const query::Needle& needle) {
  const std::string_view first = needle.parts.front();
  std::string out;
  if (!needle.from_word) {
    out = literal(first);
  } else if (is_letter(first.front())) {
    // Or at a hump: bR, or Re behind another upper-case letter.
    const char c = first.front();
    out = fmt::format("(?:{0}[{1}{2}]|(?<=[a-z0-9]){2}|(?<=[A-Z]){2}(?=[a-z])){3}", kAfterNoWord, c, upper(c),
                      literal(first.substr(1)));
  } else {
    out = fmt::format("{}{}", kAfterNoWord, literal(first));
  }
  for (std::size_t i = 1; i < needle.parts.size(); ++i) out += ".*" + literal(needle.parts[i]);
  return out;
}

std::string rough_pattern(const query::Needle& needle) {
  const auto& longest = *std::max_element(needle.parts.begin(), needle.parts.end(),
                                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
  // What ILIKE takes for upper and lower case beyond ASCII is the locale's business.
  const bool ascii =
      std::all_of(longest.begin(), longest.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) return {};
  return "%" + like(query::Text{{longest}}) + "%";
}

std::string words_query(const query::Needle& needle) {
  std::string out;
  for (const auto& word : query::beginnings(needle)) {
    if (!out.empty()) out += " & ";
    out += "'" + word + "':*";
  }
  return out;
}

}  // namespace mesher::postgres
