#include "nodes/query/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "nodes/event.hpp"
#include "nodes/query/lexer.hpp"
#include "nodes/query/values.hpp"

namespace mesher::query {
namespace {

constexpr std::string_view kLevels = "debug, info, warning, error, fatal";

/// Ends the reading; caught in parse().
struct Wrong {
  std::size_t at;  ///< byte offset
  std::string message;
};

Node group(Node::Kind kind, std::vector<Node> children) {
  if (children.size() == 1) return std::move(children.front());
  Node node;
  node.kind = kind;
  for (auto& child : children) {
    if (child.kind == kind) {
      for (auto& grandchild : child.children) node.children.push_back(std::move(grandchild));
    } else {
      node.children.push_back(std::move(child));
    }
  }
  return node;
}

Node negation(Node child) {
  if (child.kind == Node::Kind::no) {
    Node inner = std::move(child.children.front());
    return inner;
  }
  Node node;
  node.kind = Node::Kind::no;
  node.children.push_back(std::move(child));
  return node;
}

class Parser {
 public:
  Parser(std::string_view text, Scope scope) : text_(text), lexer_(text), scope_(scope) {}

  Node query() {
    lexer_.skip_blanks();
    if (lexer_.end()) return {};
    auto node = alternatives(0);
    if (!lexer_.end()) throw Wrong{lexer_.at(), "this ) closes nothing"};
    return node.value_or(Node{});
  }

 private:
  /// What comes between OR; nothing if there was nothing but empty words.
  std::optional<Node> alternatives(std::size_t depth) {
    if (depth > kMaxDepth) throw Wrong{lexer_.at(), fmt::format("more than {} groups inside each other", kMaxDepth)};
    std::vector<Node> nodes;
    bool more = false;
    do {
      auto node = conjunction(depth);
      more = lexer_.at_keyword("OR");
      if (!node && (more || !nodes.empty())) throw Wrong{lexer_.at(), "expected a term on both sides of OR"};
      if (node) nodes.push_back(*std::move(node));
      if (more) lexer_.skip(2);
    } while (more);
    if (nodes.empty()) return std::nullopt;
    return group(Node::Kind::any, std::move(nodes));
  }

  std::optional<Node> conjunction(std::size_t depth) {
    std::vector<Node> nodes;
    bool expected = false;  // AND was written: a term must follow
    while (true) {
      lexer_.skip_blanks();
      const bool over = lexer_.end() || lexer_.peek() == ')' || lexer_.at_keyword("OR");
      if (over || lexer_.at_keyword("AND")) {
        if (expected) throw Wrong{lexer_.at(), "expected a term after AND"};
        if (over) break;
        if (nodes.empty()) throw Wrong{lexer_.at(), "expected a term before AND"};
        lexer_.skip(3);
        expected = true;
        continue;
      }
      auto node = factor(depth);
      if (!node) continue;
      nodes.push_back(*std::move(node));
      expected = false;
    }
    if (nodes.empty()) return std::nullopt;
    return group(Node::Kind::all, std::move(nodes));
  }

  std::optional<Node> factor(std::size_t depth) {
    if (depth > kMaxDepth) throw Wrong{lexer_.at(), fmt::format("more than {} groups inside each other", kMaxDepth)};
    const std::size_t start = lexer_.at();
    const char c = lexer_.peek();
    const char next = lexer_.peek(1);
    const bool sign = (c == '-' || c == '!') && next != '\0' && !is_blank(next) && next != ')';
    if (sign || lexer_.at_keyword("NOT")) {
      lexer_.skip(sign ? 1 : 3);
      lexer_.skip_blanks();
      if (lexer_.end() || lexer_.peek() == ')') throw Wrong{lexer_.at(), "expected a term after NOT"};
      auto node = factor(depth + 1);
      if (!node) return node;
      return negation(*std::move(node));
    }
    if (c == '(') {
      lexer_.skip();
      auto node = alternatives(depth + 1);
      if (lexer_.peek() != ')' || lexer_.end()) throw Wrong{start, "this ( is not closed"};
      if (!node) throw Wrong{start, "expected a term between ( and )"};
      lexer_.skip();
      return node;
    }
    return term(depth);
  }

  std::optional<Node> term(std::size_t depth) {
    Node node;
    node.kind = Node::Kind::term;
    const std::size_t start = lexer_.at();
    node.term.place.position = position_of(start);
    if (const auto key = lexer_.take_key()) {
      keyed(*key, node.term, depth);
    } else {
      Piece piece = value("", depth);
      if (!piece.text.wild() && piece.text.plain().empty()) return std::nullopt;
      if (piece.text == Text{{"", ""}}) return std::nullopt;
      node.term.values.push_back({std::move(piece.text), 0, {}});
      count_values(start, 1);
    }
    if (++terms_ > kMaxTerms) throw Wrong{start, fmt::format("more than {} terms", kMaxTerms)};
    return node;
  }

  void keyed(const Key& key, Term& term, std::size_t depth) {
    const auto named = key.bracketed ? std::nullopt : field_named(key.name);
    term.field = named.value_or(Field::tag);
    if (!named) term.key = key.name;
    const FieldInfo& info = info_of(term.field);
    if (scope_ == Scope::stream && !info.in_stream) {
      throw Wrong{key.at, fmt::format("\"{}:\" asks about an issue, which is not known here", key.name)};
    }
    if (info.kind == Kind::number || info.kind == Kind::moment || info.kind == Kind::level) {
      term.compare = comparison();
    }
    if (lexer_.peek() == '[') {
      list(info, term);
    } else {
      const bool commas = info.kind == Kind::state || info.kind == Kind::level;
      do {
        if (!term.values.empty()) lexer_.skip();
        one(info, term, value(commas ? "," : "", depth));
      } while (commas && lexer_.peek() == ',');
    }
    if (term.values.size() > 1 && term.compare != Compare::equal) {
      throw Wrong{key.at, "a list can only be compared for being equal"};
    }
  }

  Compare comparison() {
    const char c = lexer_.peek();
    if (c == '=') lexer_.skip();
    if (c != '<' && c != '>') return Compare::equal;
    lexer_.skip();
    const bool or_equal = lexer_.peek() == '=';
    if (or_equal) lexer_.skip();
    if (c == '<') return or_equal ? Compare::at_most : Compare::less;
    return or_equal ? Compare::at_least : Compare::greater;
  }

  Piece value(std::string_view stops, std::size_t depth) {
    if (lexer_.peek() != '"') return lexer_.take_bare(stops, depth > 0);
    const std::size_t start = lexer_.at();
    auto piece = lexer_.take_quoted();
    if (!piece) throw Wrong{start, "the quotation mark is not closed"};
    return *std::move(piece);
  }

  /// [a, "b c", d]
  void list(const FieldInfo& info, Term& term) {
    const std::size_t start = lexer_.at();
    do {
      lexer_.skip();  // [ or ,
      lexer_.skip_blanks();
      if (lexer_.peek() == '"') {
        one(info, term, value("", 0));
      } else {
        one(info, term, lexer_.take_bare(",]", false));
      }
      lexer_.skip_blanks();
    } while (lexer_.peek() == ',');
    if (lexer_.end()) throw Wrong{start, "this [ is not closed"};
    if (lexer_.peek() != ']') throw Wrong{lexer_.at(), "expected , or ] in the list"};
    lexer_.skip();
  }

  void one(const FieldInfo& info, Term& term, Piece piece) {
    count_values(piece.at, 1);
    const auto wrong = [&](std::string expected) { throw Wrong{piece.at, std::move(expected)}; };
    const std::string& plain = piece.text.plain();
    const bool pattern = info.kind == Kind::words || info.kind == Kind::name;
    // Which issues a user has met is asked of the index of users, which knows them as a whole.
    const bool of_user = term.field >= Field::user_id && term.field <= Field::user_ip && scope_ == Scope::issues;
    if (piece.text.wild() && (!pattern || of_user)) wrong(fmt::format("\"{}:\" takes no * here", info.name));
    // Two quotation marks ask for what is absent.
    const bool empty = !piece.text.wild() && plain.empty();
    if (empty && (info.kind != Kind::name || !piece.quoted || of_user)) wrong("expected a value" + hint(info));
    Value value;
    switch (info.kind) {
      case Kind::words:
      case Kind::name:
        break;
      case Kind::state:
        if (const auto state = state_named(plain)) {
          value.number = static_cast<std::int64_t>(*state);
          piece.text = {};
        } else {
          wrong(fmt::format("\"is:\" takes one of {}", all_states()));
        }
        break;
      case Kind::level:
        if (const auto level = nodes::level_from(plain)) {
          value.number = static_cast<std::int64_t>(*level);
          piece.text = {};
        } else {
          wrong(fmt::format("\"level:\" takes one of {}", kLevels));
        }
        break;
      case Kind::number:
        if (const auto number = read_number(plain)) {
          value.number = *number;
          piece.text = {};
        } else {
          wrong(fmt::format("\"{}:\" takes a whole number, as in {}:>100", info.name, info.name));
        }
        break;
      case Kind::moment:
        moment(info, term, plain, value, piece.at);
        piece.text = {};
        break;
      case Kind::assignee:
        if (plain != "me" && plain != "none" && plain.find('@') == std::string::npos &&
            (plain.front() != '#' || plain.size() < 2)) {
          wrong("\"assigned:\" takes me, none, an e-mail address or #team");
        }
        break;
      case Kind::key:
        break;
    }
    value.text = std::move(piece.text);
    term.values.push_back(std::move(value));
  }

  void moment(const FieldInfo& info, Term& term, std::string_view text, Value& value, std::size_t at) {
    char sign = '\0';
    const auto moment = read_moment(text, sign);
    if (!moment) {
      throw Wrong{at, fmt::format("\"{0}:\" takes a time: {0}:-7d (in the last 7 days), {0}:+7d (longer ago), "
                                  "{0}:>2026-11-01 or {0}:<2026-11-01T12:00:00Z",
                                  info.name)};
    }
    value.moment = *moment;
    if (!moment->relative || term.compare != Compare::equal) return;
    if (!term.values.empty()) throw Wrong{at, "relative times make no list"};
    term.compare = sign == '+' ? Compare::less : Compare::at_least;
  }

  static std::string hint(const FieldInfo& info) {
    switch (info.kind) {
      case Kind::state:
        return fmt::format(": one of {}", all_states());
      case Kind::level:
        return fmt::format(": one of {}", kLevels);
      case Kind::name:
        return info.field < Field::user_id || info.field > Field::user_ip
                   ? fmt::format("; {}:\"\" finds what has none", info.name.empty() ? "name" : info.name)
                   : std::string();
      default:
        return {};
    }
  }

  void count_values(std::size_t at, std::size_t n) {
    values_ += n;
    if (values_ > kMaxValues) throw Wrong{at, fmt::format("more than {} values", kMaxValues)};
  }

 public:
  [[nodiscard]] std::size_t position_of(std::size_t offset) const {
    const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; };
    const auto end = text_.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text_.size()));
    return static_cast<std::size_t>(std::count_if(text_.begin(), end, is_lead)) + 1;
  }

 private:
  std::string_view text_;
  Lexer lexer_;
  Scope scope_;
  std::size_t terms_ = 0, values_ = 0;
};

}  // namespace

std::variant<Node, Mistake> parse(std::string_view text, Scope scope) {
  if (text.size() > kMaxLength) {
    return Mistake{1, fmt::format("the query is longer than {} bytes", kMaxLength)};
  }
  Parser parser(text, scope);
  try {
    return parser.query();
  } catch (Wrong& wrong) {
    return Mistake{parser.position_of(wrong.at), std::move(wrong.message)};
  }
}

}  // namespace mesher::query
