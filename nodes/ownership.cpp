#include "nodes/ownership.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mesher::nodes {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

using Line = std::variant<OwnershipLine, OwnershipMistake>;

/// Reads one line. The first mistake ends it.
class LineReader {
 public:
  LineReader(std::string_view text, std::size_t line) : text_(text) { rule_.line = line; }

  Line read() {
    if (read_matcher() && read_owner()) {
      skip_blanks();
      if (at_ < text_.size()) fail(at_, "expected the end of the line: a rule has one owner");
    }
    if (mistake_) return *std::move(mistake_);
    return std::move(rule_);
  }

 private:
  [[nodiscard]] std::size_t column_of(std::size_t at) const {
    const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; };
    const auto before = std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at), is_lead);
    return static_cast<std::size_t>(before) + 1;
  }
  bool fail(std::size_t at, std::string message) {
    mistake_ = OwnershipMistake{rule_.line, column_of(at), std::move(message)};
    return false;
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool read_matcher() {
    skip_blanks();
    const std::size_t start = at_;
    const auto colon = text_.find(':', at_);
    const auto blank = std::find_if(text_.begin() + static_cast<std::ptrdiff_t>(at_), text_.end(), is_blank);
    if (colon == std::string_view::npos || colon > static_cast<std::size_t>(blank - text_.begin())) {
      return fail(start, "expected path:PATTERN or tags.KEY:PATTERN");
    }
    const auto kind = text_.substr(start, colon - start);
    at_ = colon + 1;
    if (kind.starts_with("tags.") && kind.size() > 5) {
      rule_.tag = kind.substr(5);
    } else if (kind != "path") {
      return fail(start, fmt::format("\"{}:\" is not known; expected path:PATTERN or tags.KEY:PATTERN", kind));
    }
    return read_word(rule_.pattern, "a pattern");
  }

  bool read_owner() {
    skip_blanks();
    const std::size_t start = at_;
    rule_.owner_column = column_of(at_);
    if (at_ == text_.size()) return fail(at_, "expected an owner: #TEAM or the e-mail address of a member");
    rule_.is_team = text_[at_] == '#';
    if (rule_.is_team) {
      ++at_;
      return read_word(rule_.owner, "the name of a team");
    }
    if (!read_word(rule_.owner, "an e-mail address")) return false;
    if (rule_.owner.find('@') == std::string::npos)
      return fail(start, "expected #TEAM or the e-mail address of a member");
    std::transform(rule_.owner.begin(), rule_.owner.end(), rule_.owner.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return true;
  }

  /// Up to the next blank, or in quotation marks with `\` before a quotation mark or a backslash.
  bool read_word(std::string& word, std::string_view what) {
    if (at_ == text_.size() || is_blank(text_[at_])) return fail(at_, fmt::format("expected {}", what));
    if (text_[at_] != '"') {
      while (at_ < text_.size() && !is_blank(text_[at_])) word += text_[at_++];
      return true;
    }
    const std::size_t start = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word += text_[at_++];
    }
    if (at_ == text_.size()) return fail(start, "the quotation mark is not closed");
    ++at_;
    return word.empty() ? fail(start, fmt::format("expected {}", what)) : true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  OwnershipLine rule_;
  std::optional<OwnershipMistake> mistake_;
};

}  // namespace

OwnerPattern::OwnerPattern(std::string_view tag, std::string_view pattern)
    : tag_(tag), whole_(pattern), inside_("*/" + std::string(pattern)) {}

bool OwnerPattern::matches(std::span<const std::string> paths,
                           std::span<const std::pair<std::string, std::string>> tags) const {
  if (tag_.empty()) {
    return std::any_of(paths.begin(), paths.end(),
                       [&](const auto& path) { return whole_.matches(path) || inside_.matches(path); });
  }
  return std::any_of(tags.begin(), tags.end(),
                     [&](const auto& tag) { return tag.first == tag_ && whole_.matches(tag.second); });
}

std::variant<std::vector<OwnershipLine>, std::vector<OwnershipMistake>> parse_ownership(std::string_view text) {
  std::vector<OwnershipLine> rules;
  std::vector<OwnershipMistake> mistakes;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto first = std::find_if_not(content.begin(), content.end(), is_blank);
    if (first == content.end() || *first == '#') continue;
    auto read = LineReader(content, line).read();
    if (auto* mistake = std::get_if<OwnershipMistake>(&read)) {
      mistakes.push_back(std::move(*mistake));
      continue;
    }
    rules.push_back(std::get<OwnershipLine>(std::move(read)));
    if (rules.size() <= kMostOwnershipRules) continue;
    mistakes.push_back({line, 1, fmt::format("more than {} rules", kMostOwnershipRules)});
    break;
  }
  if (!mistakes.empty()) return mistakes;
  return rules;
}

}  // namespace mesher::nodes
