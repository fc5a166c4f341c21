#include "io/api/search_query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "io/api/error_codes.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kMaxWords = 16;  // each is one more condition for the database
constexpr std::array<std::string_view, 3> kStatuses{"unresolved", "resolved", "archived"};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

struct Term {
  std::string_view key;  ///< empty: a word
  std::string_view value;
  std::size_t offset = 0;
};

/// `key:value`, unless it looks like a piece of code or of a message ("std::bad_alloc", "TypeError:").
Term split(std::string_view token, std::size_t offset) {
  const auto colon = token.find(':');
  if (colon == std::string_view::npos || colon == 0) return {{}, token, offset};
  const std::string_view key = token.substr(0, colon);
  const std::string_view value = token.substr(colon + 1);
  const std::string_view bare = key.front() == '!' ? key.substr(1) : key;
  const bool is_key = !bare.empty() && std::all_of(bare.begin(), bare.end(), is_key_character);
  const bool known = key == "is" || key == "level";
  if (!is_key || (!known && (value.empty() || value.front() == ':' || value.front() == '/')))
    return {{}, token, offset};
  return {key, value, offset};
}

class Parser {
 public:
  Parser(std::string_view text, bool with_status) : text_(text), with_status_(with_status) {}

  std::variant<SearchQuery, QueryMistake> parse() {
    while (!mistake_ && skip_blanks()) {
      if (text_[at_] == '"') {
        quoted();
      } else {
        bare();
      }
    }
    if (mistake_) return *std::move(mistake_);
    return std::move(query_);
  }

 private:
  bool skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ < text_.size();
  }

  void mistake(std::size_t offset, std::string message) {
    const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; };
    const auto before = std::count_if(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(offset), is_lead);
    mistake_ = QueryMistake{static_cast<std::size_t>(before) + 1, std::move(message)};
  }

  void quoted() {
    const std::size_t start = at_++;
    std::string word;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      word += text_[at_++];
    }
    if (at_ == text_.size()) return mistake(start, "the quotation mark is not closed");
    ++at_;
    add_word(std::move(word), start);
  }

  void bare() {
    const std::size_t start = at_;
    while (at_ < text_.size() && !is_blank(text_[at_])) ++at_;
    const Term term = split(text_.substr(start, at_ - start), start);
    if (term.key.empty()) return add_word(std::string(term.value), start);
    if (term.key == "is" && with_status_) return status(term);
    if (term.key == "level") return level(term);
    mistake(start, fmt::format("\"{}:\" is not known; expected {}words or \"words in quotation marks\"", term.key,
                               with_status_ ? "is:, level:, " : "level:, "));
  }

  void add_word(std::string word, std::size_t offset) {
    if (word.empty()) return;
    if (query_.words.size() == kMaxWords) return mistake(offset, fmt::format("more than {} words", kMaxWords));
    query_.words.push_back(std::move(word));
  }

  void status(const Term& term) {
    if (std::find(kStatuses.begin(), kStatuses.end(), term.value) == kStatuses.end()) {
      return mistake(term.offset + 3, fmt::format("\"is:\" takes one of {}", fmt::join(kStatuses, ", ")));
    }
    if (query_.status && *query_.status != term.value) return mistake(term.offset, "\"is:\" is given twice");
    query_.status = std::string(term.value);
  }

  void level(const Term& term) {
    const auto value = nodes::level_from(term.value);
    if (!value) return mistake(term.offset + 6, "\"level:\" takes one of debug, info, warning, error, fatal");
    if (query_.level && *query_.level != *value) return mistake(term.offset, "\"level:\" is given twice");
    query_.level = value;
  }

  std::string_view text_;
  bool with_status_;
  std::size_t at_ = 0;
  SearchQuery query_;
  std::optional<QueryMistake> mistake_;
};

}  // namespace

std::variant<SearchQuery, QueryMistake> parse_query(std::string_view text, bool with_status) {
  return Parser(text, with_status).parse();
}

SearchQuery read_query(Parameters& parameters, std::string_view text, bool with_status) {
  auto parsed = parse_query(text, with_status);
  if (const auto* query = std::get_if<SearchQuery>(&parsed)) return *query;
  const auto& mistake = std::get<QueryMistake>(parsed);
  parameters.refuse(
      fail(Code::invalid_query, fmt::format("position {}: {}", mistake.position, mistake.message), "query"));
  return {};
}

}  // namespace mesher::api
