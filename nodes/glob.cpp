#include "nodes/glob.hpp"

#include <algorithm>

namespace mesher::nodes {
namespace {

constexpr std::size_t kMostAlternatives = 256;  ///< of one pattern; braces beyond are taken literally

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Expands the first braces of `pattern` into all its alternatives.
void expand(const std::string& pattern, std::vector<std::string>& to, std::size_t budget) {
  const auto open = pattern.find('{');
  const auto close = open == std::string::npos ? open : pattern.find('}', open);
  if (close == std::string::npos || budget == 0) {
    to.push_back(pattern);
    return;
  }
  std::size_t from = open + 1;
  while (from <= close && to.size() < kMostAlternatives) {
    const auto comma = std::min(pattern.find(',', from), close);
    expand(pattern.substr(0, open) + pattern.substr(from, comma - from) + pattern.substr(close + 1), to, budget - 1);
    from = comma + 1;
  }
}

/// Iterative matching with one point of return: behind the last star.
bool matches_one(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  std::string text(pattern);
  for (auto& c : text) c = lower(c);
  expand(text, alternatives_, 8);
}

bool Glob::matches(std::string_view text) const {
  for (const auto& alternative : alternatives_) {
    if (matches_one(alternative, text)) return true;
  }
  return false;
}

}  // namespace mesher::nodes
