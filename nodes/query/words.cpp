#include "nodes/query/words.hpp"

#include <algorithm>

namespace mesher::query {
namespace {

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Lower case of a code point of two bytes in UTF-8, U+0080 to U+07FF; the result has two bytes as well.
unsigned lower(unsigned c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
  if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return c | 1U;
  if (c >= 0x139 && c <= 0x148) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x14A && c <= 0x177) return c | 1U;
  if (c >= 0x179 && c <= 0x17E) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  return c;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

/// Finds `parts` from index `first` on, the first of them at or behind `at`.
bool rest_follows(std::string_view folded, std::size_t at, const std::vector<std::string>& parts, std::size_t first) {
  for (std::size_t i = first; i < parts.size(); ++i) {
    at = folded.find(parts[i], at);
    if (at == std::string_view::npos) return false;
    at += parts[i].size();
  }
  return true;
}

}  // namespace

bool is_word_character(char c) {
  return is_lower(c) || is_upper(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

bool starts_word(std::string_view text, std::size_t at) {
  if (!is_word_character(text[at])) return false;
  if (at == 0 || !is_word_character(text[at - 1])) return true;
  if (!is_upper(text[at])) return false;
  const char before = text[at - 1];
  if (is_lower(before) || is_digit(before)) return true;
  return is_upper(before) && at + 1 < text.size() && is_lower(text[at + 1]);
}

void fold(std::string_view text, std::string& out) {
  out.assign(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if (is_upper(out[i])) {
      out[i] = static_cast<char>(c + 32);
    } else if (c >= 0xC3 && c <= 0xD1 && i + 1 < out.size() && is_continuation(out[i + 1])) {
      const unsigned folded = lower((c & 0x1FU) << 6U | (static_cast<unsigned char>(out[i + 1]) & 0x3FU));
      out[i] = static_cast<char>(0xC0U | folded >> 6U);
      out[++i] = static_cast<char>(0x80U | (folded & 0x3FU));
    }
  }
}

std::string fold(std::string_view text) {
  std::string out;
  fold(text, out);
  return out;
}

std::string_view cut_word(std::string_view word) {
  if (word.size() <= kMaxWord) return word;
  std::size_t end = kMaxWord;
  while (end > 0 && is_continuation(word[end])) --end;
  return word.substr(0, end);
}

Needle needle_of(const Text& text) {
  Needle needle;
  needle.from_word = !text.parts.front().empty() && is_word_character(text.parts.front().front());
  for (const auto& part : text.parts) {
    if (!part.empty()) needle.parts.push_back(fold(part));
  }
  return needle;
}

bool contains(std::string_view text, const Needle& needle) {
  if (needle.parts.empty()) return true;
  const std::string folded = fold(text);
  const auto& first = needle.parts.front();
  for (auto at = folded.find(first); at != std::string::npos; at = folded.find(first, at + 1)) {
    if (needle.from_word && !starts_word(text, at)) continue;
    // What follows further behind follows here as well.
    return rest_follows(folded, at + first.size(), needle.parts, 1);
  }
  return false;
}

bool beginnings_say_all(const Needle& needle) {
  if (needle.parts.size() != 1 || !needle.from_word) return false;
  const std::string& word = needle.parts.front();
  return word.size() <= kMaxWord && std::all_of(word.begin(), word.end(), is_word_character);
}

std::string upper_case(std::string_view letter) {
  if (letter.size() != 2) return {};
  const unsigned wanted =
      (static_cast<unsigned char>(letter[0]) & 0x1FU) << 6U | (static_cast<unsigned char>(letter[1]) & 0x3FU);
  for (unsigned c = 0xC0; c <= 0x42F; ++c) {
    if (c == wanted || lower(c) != wanted) continue;
    return {static_cast<char>(0xC0U | c >> 6U), static_cast<char>(0x80U | (c & 0x3FU))};
  }
  return {};
}

std::vector<std::string> beginnings(const Needle& needle) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < needle.parts.size(); ++i) {
    const std::string& part = needle.parts[i];
    for (std::size_t at = 0; at < part.size();) {
      std::size_t end = at;
      while (end < part.size() && is_word_character(part[end])) ++end;
      // What stands before a part is not known, but for the first of a needle that begins with a word.
      const bool begins = at > 0 || (i == 0 && needle.from_word);
      if (end > at && begins) words.emplace_back(cut_word(std::string_view(part).substr(at, end - at)));
      at = end + 1;
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace mesher::query
