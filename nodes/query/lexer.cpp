#include "nodes/query/lexer.hpp"

#include <algorithm>

#include "nodes/query/fields.hpp"

namespace mesher::query {
namespace {

constexpr std::string_view kBracketed = "tags[";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_key_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

}  // namespace

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_escapable(char c) {
  return is_blank(c) || (c > ' ' && c < 0x7F && !is_letter(c) && !(c >= '0' && c <= '9'));
}

void Lexer::skip_blanks() {
  while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

bool Lexer::at_keyword(std::string_view word) const {
  if (text_.substr(at_, word.size()) != word) return false;
  const char next = peek(word.size());
  return at_ + word.size() == text_.size() || is_blank(next) || next == '(' || next == ')';
}

std::optional<Key> Lexer::take_key() {
  const auto rest = text_.substr(at_);
  Key key;
  std::size_t length = 0;
  if (rest.starts_with(kBracketed)) {
    const auto close = rest.find("]:");
    if (close == std::string_view::npos || close == kBracketed.size()) return std::nullopt;
    key = {rest.substr(kBracketed.size(), close - kBracketed.size()), true, at_};
    length = close + 2;
  } else {
    if (rest.empty() || !(is_letter(rest.front()) || rest.front() == '_')) return std::nullopt;
    const auto colon =
        static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_key_character) - rest.begin());
    if (colon == rest.size() || rest[colon] != ':') return std::nullopt;
    key = {rest.substr(0, colon), false, at_};
    length = colon + 1;
    // "std::bad_alloc", "http://x", "C:\dir", "TypeError: …"
    const char next = peek(length);
    const bool code =
        at_ + length == text_.size() || is_blank(next) || next == ':' || next == '/' || next == '\\' || next == ')';
    if (code && !field_named(key.name)) return std::nullopt;
  }
  at_ += length;
  return key;
}

void Lexer::take_character(Text& text) {
  const char c = text_[at_++];
  if (c == '\\' && at_ < text_.size() && is_escapable(text_[at_])) {
    text.parts.back() += text_[at_++];
  } else if (c == '*') {
    // Two stars in a row say no more than one.
    if (text.parts.size() == 1 || !text.parts.back().empty()) text.parts.emplace_back();
  } else {
    text.parts.back() += c;
  }
}

std::optional<Piece> Lexer::take_quoted() {
  Piece piece;
  piece.at = at_;
  piece.quoted = true;
  ++at_;
  while (at_ < text_.size() && text_[at_] != '"') take_character(piece.text);
  if (end()) return std::nullopt;
  ++at_;
  return piece;
}

Piece Lexer::take_bare(std::string_view stops, bool in_group) {
  Piece piece;
  piece.at = at_;
  int open = 0;  // parentheses within, as in "main()"
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (is_blank(c) || stops.find(c) != std::string_view::npos) break;
    if (c == ')' && open == 0 && in_group) break;
    if (c == '(') ++open;
    if (c == ')' && open > 0) --open;
    take_character(piece.text);
  }
  return piece;
}

}  // namespace mesher::query
