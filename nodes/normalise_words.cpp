#include "nodes/normalise_words.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "nodes/normalise_token.hpp"

namespace mesher::nodes::token {
namespace {

/// Longest stretch that a bracketed value may have; bounds the work on unbalanced brackets.
constexpr std::size_t kLongestValue = 512;

constexpr Bytes kValueEnd(";)]}>|& \t\n\v\f\r");

/// Lengths, as a bit set, of the words beginning with a letter that tell something.
constexpr std::array<std::uint16_t, 256> make_telling_words() {
  std::array<std::uint16_t, 256> lengths{};
  for (const std::string_view word :
       {"true", "True", "TRUE", "false", "False",    "FALSE", "null",   "NULL", "None", "nil",
        "NaN",  "user", "User", "USER",  "username", "for",   "client", "CMD",  "on",   "off"}) {
    lengths[static_cast<unsigned char>(word[0])] |= static_cast<std::uint16_t>(1U << word.size());
  }
  for (const char c : std::string_view("JFMASONDTW")) lengths[static_cast<unsigned char>(c)] |= 0x3f8;  // dates: 3 to 9
  return lengths;
}
constexpr std::array<std::uint16_t, 256> kTellingWords = make_telling_words();

bool only_digits(std::string_view text) {
  return text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

Telling telling(std::string_view word) {
  const std::size_t n = word.size();
  if (n > 9 || ((kTellingWords[static_cast<unsigned char>(word[0])] >> n) & 1U) == 0) return Telling::nothing;
  switch (n > 8 ? 0 : pack(word)) {
    case pack("true"):
    case pack("True"):
    case pack("TRUE"):
    case pack("false"):
    case pack("False"):
    case pack("FALSE"):
    case pack("null"):
    case pack("NULL"):
    case pack("None"):
    case pack("nil"):
    case pack("NaN"):
      return Telling::constant;
    case pack("user"):
    case pack("User"):
    case pack("USER"):
    case pack("username"):
      return Telling::user;
    case pack("for"):
      return Telling::target;
    case pack("client"):
      return Telling::client;
    case pack("CMD"):
      return Telling::command;
    case pack("on"):
    case pack("off"):
      return Telling::on_off;
    default:
      return calendar_word(word) != 0 ? Telling::calendar : Telling::nothing;
  }
}

bool names_somebody(Telling hint, std::string_view word, std::string_view next) {
  while (next.starts_with("  ")) next.remove_prefix(1);
  if (hint == Telling::target) {
    return next.starts_with(" from ") || next.starts_with(" [preauth") || next.starts_with(" by (");
  }
  if (opens_with(
          word, {"unknown", "from",  "by",  "is",     "not",   "was",   "has",     "name",           "id",      "with",
                 "and",     "or",    "in",  "to",     "for",   "of",    "on",      "authentication", "request", "agent",
                 "does",    "could", "can", "cannot", "login", "input", "session", "data",           "error"})) {
    return false;
  }
  if (next.empty() || next[0] == ',' || next[0] == '\n' || next == ".") return true;
  if (next[0] == ' ' && next.size() > 1 && is_digit(next[1])) return true;
  return opens_with(next, {" from", " by", " on", " at", " via", " is", " not", " has", " was", " does", " logged",
                           " failed", " with", " in"}) ||
         next.starts_with(" [") || next.starts_with(" (");
}

bool opens_with(std::string_view rest, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return rest.starts_with(word) && (rest.size() == word.size() || !is_alnum(rest[word.size()]));
  });
}

SpelledDate spelled_date(std::string_view text) {
  const auto word = text.substr(0, text.find_first_of(" ,"));
  std::size_t at = word.size();
  bool month = calendar_word(word) == 1;
  bool number = false, time = false, year = false;
  SpelledDate date;
  for (int parts = 0; parts < 6; ++parts) {
    std::size_t next = at;
    while (next < text.size() && (text[next] == ' ' || text[next] == ',') && next - at < 3) ++next;
    std::size_t stop = next;
    while (stop < text.size() && (is_alnum(text[stop]) || std::string_view(":.+-").find(text[stop]) != text.npos))
      ++stop;
    while (stop > next && (text[stop - 1] == ':' || text[stop - 1] == '.')) --stop;
    const auto part = text.substr(next, stop - next);
    if (part.empty() || next == at) break;
    const bool digits = is_digit(part[0]);
    if (digits && part.find(':') != part.npos && !time) {
      time = true;
    } else if (digits && part.size() <= 2 && !number && only_digits(part)) {
      number = true;
    } else if (digits && part.size() == 4 && !year && only_digits(part)) {
      year = true;
    } else if (!month && calendar_word(part) == 1) {
      month = true;
    } else if (!time || !(time_zone(part) || ((part[0] == '+' || part[0] == '-') && part.size() == 5))) {
      break;
    }
    at = stop;
    if (month && (number || year)) date.length = at;
  }
  date.syslog = time && !year;
  return date;
}

std::size_t syslog_host(std::string_view line) {
  line = line.substr(0, 256);
  const std::size_t first = line.find(' ');
  if (first == 0 || first > 64 || line[first - 1] == ':') return 0;
  const std::size_t second = line.find_first_of(" \n", first + 1);
  if (second == line.npos || second - first < 3) return 0;
  return line[second - 1] == ':' || line[second - 1] == ']' ? first : 0;
}

std::size_t balanced(std::string_view text) {
  int depth = 0;
  const std::size_t limit = std::min(text.size(), kLongestValue);
  for (std::size_t i = 0; i < limit; ++i) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{' || c == '<') ++depth;
    if ((c == ')' || c == ']' || c == '}' || c == '>') && --depth == 0) return i + 1;
  }
  return 0;
}

const char* ValueEnds::closing_quote(const char* open, const char* end) {
  const char quote = *open;
  bool& missing = quote == '"' ? no_double_ : quote == '\'' ? no_single_ : no_back_;
  if (missing) return nullptr;
  const char* from = open + 1;
  // An apostrophe inside a word does not close; a few of them are looked at, so that the work stays linear.
  for (int tries = 0; tries < 4; ++tries) {
    const auto* at = static_cast<const char*>(std::memchr(from, quote, static_cast<std::size_t>(end - from)));
    if (at == nullptr) {
      missing = true;
      return nullptr;
    }
    if (at[-1] != '\\' && (at + 1 == end || !is_alnum(at[1]))) return at;
    from = at + 1;
  }
  return nullptr;
}

const char* ValueEnds::value_end(const char* at, const char* end) {
  while (at < end) {
    const char c = *at;
    if (kValueEnd(c)) return at;
    if (c == ',') {
      // "a,b" is a list, "a,key=" is not.
      const char* next = at + 1;
      while (next < end && class_of(*next) != 0) ++next;
      if (next == at + 1 || (next < end && *next == '=')) return at;
      at = next;
    } else if (c == '"' || c == '\'') {
      const char* close = closing_quote(at, end);
      at = close == nullptr ? at + 1 : close + 1;
    } else if (c == '(' || c == '[' || c == '{' || c == '<') {
      const auto length = balanced({at, static_cast<std::size_t>(end - at)});
      if (length == 0) return at;
      at += length;
    } else {
      ++at;
    }
  }
  return at;
}

bool is_key(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '_' || c == '-' || c == '.'; });
}

bool is_path(std::string_view text) {
  if (text[0] == '/') return text.size() > 1;
  if (text.starts_with("./") || text.starts_with("../") || text.starts_with("~/")) return true;
  if (text.size() > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')) return true;
  const auto slash = text.find_first_of("/\\");
  if (const auto colon = text.find(':'); colon < slash) return false;
  if (std::any_of(text.begin(), text.end(), is_digit)) return true;
  if (text.find_first_of("/\\", slash + 1) != text.npos) return true;
  return dotted_name(text.substr(slash + 1)).has_value();
}

}  // namespace mesher::nodes::token
