// Names of C, C++, Objective-C, Swift and Rust functions: without arguments, template arguments and return types.
//
// Brackets that do not nest (operator<, ->, (anonymous namespace)) are replaced by single bytes below 0x20 first, so
// that nesting can be counted, and put back at the end.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "nodes/frames.hpp"

namespace mesher::nodes {
namespace {

struct Protected {
  std::string_view text;
  char stand_in;
};
// Longer spellings first.
constexpr std::array<Protected, 14> kProtected{{{"operator<<=", '\x01'},
                                                {"operator>>=", '\x02'},
                                                {"operator<=>", '\x03'},
                                                {"operator<<", '\x04'},
                                                {"operator>>", '\x05'},
                                                {"operator<=", '\x06'},
                                                {"operator>=", '\x07'},
                                                {"operator->", '\x08'},
                                                {"operator()", '\x0e'},
                                                {"operator<", '\x0f'},
                                                {"operator>", '\x10'},
                                                {"(anonymous namespace)", '\x11'},
                                                {"`anonymous namespace'", '\x12'},
                                                {" -> ", '\x13'}}};
constexpr char kArrow = '\x13';

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

void drop_clones(std::string& text) {
  for (auto at = text.find("[clone "); at != text.npos; at = text.find("[clone ", at)) {
    const auto end = text.find(']', at);
    if (end == text.npos) return;
    text.erase(at, end - at + 1);
  }
}

void drop_qualifiers(std::string& text) {
  for (;;) {
    while (text.ends_with(' ')) text.pop_back();
    if (text.ends_with(" const") || text.ends_with(")const")) {
      text.resize(text.size() - 5);
    } else if (text.ends_with('&')) {
      text.pop_back();
    } else {
      return;
    }
  }
}

/// gcc {lambda(...)#n}, MSVC lambda_<32 hex>, clang $_n.
void name_lambdas(std::string& text) {
  for (auto at = text.find("{lambda("); at != text.npos; at = text.find("{lambda(", at + 6)) {
    const auto end = text.find('}', at);
    if (end == text.npos) break;
    text.replace(at, end - at + 1, "lambda");
  }
  for (auto at = text.find("lambda_"); at != text.npos; at = text.find("lambda_", at + 6)) {
    auto end = at + 7;
    while (end < text.size() && is_hex(text[end])) ++end;
    if (end - at - 7 == 32) text.replace(at, end - at, "lambda");
  }
  for (auto at = text.find("$_"); at != text.npos; at = text.find("$_", at + 2)) {
    auto end = at + 2;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end > at + 2) text.replace(at, end - at, "lambda");
  }
  for (auto at = text.find("?A0x"); at != text.npos; at = text.find("?A0x", at + 1)) {
    auto end = at + 4;
    while (end < text.size() && is_hex(text[end])) ++end;
    if (end - at - 4 == 8) text.replace(at, end - at, "\x11");
  }
}

/// Removes balanced `open … close`, putting `instead` in its place. The bracket at position 0 stays if `keep_first`.
std::string without(const std::string& text, char open, char close, std::string_view instead, bool keep_first) {
  std::string out;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (keep_first && i == 0 && text[0] == open) {
      int level = 0;
      std::size_t end = 0;
      for (; end < text.size(); ++end) {
        if (text[end] == open) ++level;
        if (text[end] == close && --level == 0) break;
      }
      if (end == text.size()) return text;
      out.assign(text, 0, end + 1);
      i = end;
      continue;
    }
    if (text[i] == open) {
      if (depth++ == 0) begin = out.size();
    }
    if (depth == 0) out += text[i];
    if (text[i] == close && depth > 0 && --depth == 0) {
      out.resize(begin);
      const auto from = text.rfind(open, i);
      const bool lambda =
          open == '<' && from != text.npos && std::string_view(text).substr(from, i - from) == "<lambda";
      out += lambda ? "<lambda>" : instead;
    }
  }
  return depth == 0 ? out : text;
}

/// Rust's "<X as Trait>::f" at the beginning: the type, or the trait if the type is only a letter.
void resolve_trait(std::string& text) {
  if (!text.starts_with('<')) return;
  int level = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '<') ++level;
    if (text[end] == '>' && --level == 0) break;
  }
  if (end == text.size()) return;
  std::string inner = text.substr(1, end - 1);
  const std::string rest = text.substr(end + 1);
  if (inner == "lambda") return;
  if (inner.size() > 5 && inner.compare(1, 4, " as ") == 0) inner.erase(0, 5);
  inner = without(inner, '<', '>', "<T>", false);
  if (const auto as = inner.find(" as "); as != inner.npos) inner.resize(as);
  text = inner + rest;
}

/// The token that is the name: the last one, or the one before a return arrow.
std::string name_token(const std::string& text) {
  std::array<std::pair<std::size_t, std::size_t>, 2> last{};  // the last two tokens
  int level = 0;
  std::size_t begin = 0;
  const auto push = [&](std::size_t from, std::size_t to) {
    if (to <= from) return;
    if (last[1].second > 0 && text.compare(from, to - from, "<T>") == 0) {
      last[1].second = to;
      return;
    }
    last[0] = last[1];
    last[1] = {from, to};
  };
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    if (c == '<' || c == '(' || c == '[' || c == '{') ++level;
    if ((c == '>' || c == ')' || c == ']' || c == '}') && level > 0) --level;
    const bool end = i == text.size();
    if (end || (level == 0 && (c == ' ' || c == kArrow))) {
      push(begin, i);
      begin = i + 1;
      if (!end && c == kArrow) break;
    }
  }
  if (last[1].second == 0) return text;
  auto token = text.substr(last[1].first, last[1].second - last[1].first);
  if (token == "throws" && last[0].second > 0) token = text.substr(last[0].first, last[0].second - last[0].first);
  return token;
}

void drop_decorations(std::string& text) {
  if (const auto at = text.rfind("::h");
      at != text.npos && text.size() - at == 19 &&
      std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 3, text.end(), is_hex)) {
    text.resize(at);
  }
  if (const auto at = text.find("@GLIBC"); at != text.npos) text.resize(at > 0 && text[at - 1] == '@' ? at - 1 : at);
  if (const auto at = text.rfind('@');
      at != text.npos && at > 0 && at + 1 < text.size() &&
      std::all_of(text.begin() + static_cast<std::ptrdiff_t>(at) + 1, text.end(), is_digit)) {
    text.resize(at);
    if (text.starts_with('@')) text.erase(0, 1);
  }
}

bool is_swift_phrase(std::string_view text) {
  return text.starts_with("initializer expression of ") || text.find("closure #") != text.npos ||
         text.starts_with("closure in ") || text.starts_with("thunk for closure");
}

bool plain(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
  });
}

}  // namespace

std::string_view native_function(std::string_view name, TextPool& pool) {
  if (plain(name) || name == "<redacted>" || name == "<unknown>" || name.starts_with('[') || name.starts_with("+[") ||
      name.starts_with("-[") || is_swift_phrase(name) || name.size() > 4096) {
    return name;
  }
  std::string text(name);
  drop_clones(text);
  drop_qualifiers(text);
  for (const auto& p : kProtected) replace_all(text, p.text, std::string_view(&p.stand_in, 1));
  name_lambdas(text);
  text = without(text, '(', ')', "", false);
  drop_qualifiers(text);
  resolve_trait(text);
  text = without(text, '<', '>', "<T>", false);
  text = name_token(text);
  for (const auto& p : kProtected) replace_all(text, std::string_view(&p.stand_in, 1), p.text);
  drop_decorations(text);
  while (text.ends_with(' ')) text.pop_back();
  return text.empty() ? name : pool.join(text, {});
}

}  // namespace mesher::nodes
