#include "nodes/rule_pattern.hpp"

#include <algorithm>

namespace mesher::nodes {
namespace {

constexpr std::size_t kMostAlternatives = 256;  // of one pattern; braces beyond are taken literally
constexpr std::size_t kMostBraces = 8;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

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

/// Matching with two points of return, behind the last `**` and behind the last `*`: the earliest match of what stands
/// between two of them leaves the most for the rest, so nothing before them needs to be tried again.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view text, bool folders)
      : pattern_(pattern), text_(text), folders_(folders) {}

  bool run() {
    for (std::size_t steps = 0; steps < RulePattern::kMostSteps; ++steps) {
      take_stars();
      if (t_ == text_.size() && p_ == pattern_.size()) return true;
      if (t_ < text_.size() && p_ < pattern_.size() && fits(pattern_[p_], text_[t_])) {
        ++p_;
        ++t_;
      } else if (!go_back()) {
        return false;
      }
    }
    return false;
  }

 private:
  static constexpr std::size_t kNone = std::string_view::npos;

  [[nodiscard]] bool fits(char p, char t) const { return p == '?' ? !(folders_ && t == '/') : p == t; }

  void take_stars() {
    while (p_ < pattern_.size() && pattern_[p_] == '*') {
      std::size_t end = p_;
      while (end < pattern_.size() && pattern_[end] == '*') ++end;
      if (!folders_ || end - p_ >= 2) {
        wide_ = end;
        wide_text_ = t_;
        narrow_ = kNone;
      } else {
        narrow_ = end;
        narrow_text_ = t_;
      }
      p_ = end;
    }
  }

  bool go_back() {
    if (narrow_ != kNone && narrow_text_ < text_.size() && text_[narrow_text_] != '/') {
      p_ = narrow_;
      t_ = ++narrow_text_;
      return true;
    }
    if (wide_ == kNone || wide_text_ >= text_.size()) return false;
    // What is behind the narrow star fits nowhere up to the end: a later beginning has only less to try.
    if (narrow_ != kNone && narrow_text_ >= text_.size()) return false;
    narrow_ = kNone;
    p_ = wide_;
    t_ = ++wide_text_;
    return true;
  }

  std::string_view pattern_, text_;
  bool folders_;
  std::size_t p_ = 0, t_ = 0;
  std::size_t wide_ = kNone, wide_text_ = 0;      // behind the last star that crosses folders
  std::size_t narrow_ = kNone, narrow_text_ = 0;  // behind the last one that does not, after it
};

}  // namespace

RulePattern::RulePattern(std::string_view pattern, Mode mode) : mode_(mode) {
  std::string text(pattern);
  if (mode != Mode::exact) std::transform(text.begin(), text.end(), text.begin(), lower);
  if (mode == Mode::path) std::replace(text.begin(), text.end(), '\\', '/');
  expand(text, alternatives_, kMostBraces);
  literal_ = mode == Mode::exact && alternatives_.size() == 1 && alternatives_[0].find_first_of("*?") == text.npos;
}

bool RulePattern::matches(std::string_view text) const {
  text = text.substr(0, kMostText);
  if (literal_) return text == alternatives_[0];
  const bool path = mode_ == Mode::path;
  thread_local std::string folded;
  if (mode_ != Mode::exact) {
    folded.assign(1, '/');
    folded.append(text);
    std::transform(folded.begin(), folded.end(), folded.begin(), lower);
    if (path) std::replace(folded.begin(), folded.end(), '\\', '/');
    text = std::string_view(folded).substr(1);
  }
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const std::string& alternative) {
    if (Matcher(alternative, text, path).run()) return true;
    return path && !text.empty() && text.front() != '/' && Matcher(alternative, folded, true).run();
  });
}

}  // namespace mesher::nodes
