#include "nodes/normalise.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "nodes/normalise_output.hpp"
#include "nodes/normalise_token.hpp"
#include "nodes/normalise_words.hpp"

namespace mesher::nodes {
namespace {

using token::Bytes;
using token::class_of;
using token::is_alnum;
using token::is_digit;
using token::Output;
using token::Telling;

constexpr std::array<std::string_view, 21> kNames{"bool", "class", "cmd", "date", "email", "float", "hex",
                                                  "host", "id",    "int", "ip",   "mac",   "path",  "size",
                                                  "str",  "time",  "url", "user", "uuid",  "value", "version"};

constexpr Bytes kSpace(" \t\n\v\f\r");
/// Behind '=': comparison, arrow, or nothing.
constexpr Bytes kNoValue("=>,;)]}|&~ \t\n\v\f\r");
constexpr Bytes kBeforeAssignment("_)]\"'-.");
constexpr Bytes kPathEnd("\"'`()[]{}<>;|, \t\n\v\f\r");
constexpr Bytes kUrlEnd("\"'`)]}<>| \t\n\v\f\r");
constexpr Bytes kFinal(".,;:!?");

constexpr Bytes kQuote("\"'`");
/// Ends what "user" says about the next word.
constexpr Bytes kPause("([,;");

/// How often a token may be taken apart at colons and dot leaders; bounds the work on it.
constexpr int kMostSplits = 16;

template <bool Typed>
class Scanner {
 public:
  Scanner(std::string_view text, std::string& scratch, std::vector<ValueSpan>* spans)
      : begin_(text.data()),
        end_(begin_ + text.size()),
        p_(begin_),
        literal_(begin_),
        out_(scratch, text.size()),
        spans_(spans) {}

  std::string_view run() {
    while (end_ > begin_ && kSpace(end_[-1])) --end_;
    while (p_ < end_) {
      if (class_of(*p_) != 0) {
        word();
      } else {
        separator();
      }
    }
    flush(end_);
    return out_.view();
  }

 private:
  // --- output ---
  void flush(const char* to) {
    if (to > literal_) out_.text(literal_, to);
    literal_ = to;
  }
  /// [from, to) is a value; scanning goes on behind it.
  void value(const char* from, const char* to, ValueKind kind) {
    flush(from);
    if (kind == ValueKind::time || kind == ValueKind::size) out_.drop_comparison();
    out_.value(kind);
    if (spans_ != nullptr) {
      spans_->push_back({static_cast<std::uint32_t>(from - begin_), static_cast<std::uint32_t>(to - begin_), kind});
    }
    literal_ = p_ = to;
    hint_ = Telling::nothing;
  }
  [[nodiscard]] std::string_view rest(const char* from) const { return {from, static_cast<std::size_t>(end_ - from)}; }
  [[nodiscard]] char peek(const char* at) const { return at < end_ ? *at : '\0'; }

  // --- separators ---
  void separator() {
    const char c = *p_;
    if (kSpace(c)) return spaces();
    if (kQuote(c) && quoted()) return;
    if (c == '=' && assigned()) return;
    if (kPause(c)) hint_ = Telling::nothing;
    ++p_;
  }

  void spaces() {
    const char* from = p_;
    while (p_ < end_ && kSpace(*p_)) ++p_;
    if (p_ - from == 1 && *from == ' ' && from != begin_) return;
    flush(from);
    out_.space();
    literal_ = p_;
    if (hint_ == Telling::user && p_ - from == 2 && token::opens_with(rest(p_), {"from"})) {
      // "Invalid user  from 10.0.0.1": the name is empty.
      const char* at = p_;
      value(at, at, ValueKind::user);
      out_.space();
    }
  }

  /// At an opening quote. False: it opens nothing.
  bool quoted() {
    const char quote = *p_;
    if (p_ > begin_ && is_alnum(p_[-1])) return false;
    const char* close = ends_.closing_quote(p_, end_);
    if (close == nullptr) return false;
    const std::string_view inner(p_ + 1, static_cast<std::size_t>(close - p_ - 1));
    if (quote == '"' && peek(close + 1) == ':' && token::is_key(inner)) {
      p_ = close + 1;
      return true;
    }
    if (token::opens_with(inner, {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"})) {
      ++p_;
      return true;
    }
    value(p_, close + 1, ValueKind::string);
    return true;
  }

  /// At '='. True if a value follows at once, which is consumed.
  bool assigned() {
    const char next = peek(p_ + 1);
    if (p_ == begin_ || next == '\0' || kNoValue(next)) return false;
    const char before = p_[-1];
    if (!is_alnum(before) && !kBeforeAssignment(before)) return false;
    const char* to = ends_.value_end(p_ + 1, end_);
    value(p_ + 1, to, ValueKind::value);
    return true;
  }

  // --- tokens ---
  void word() {
    const char* from = p_;
    std::uint16_t seen = 0;
    for (;;) {
      const std::uint16_t c = p_ < end_ ? class_of(*p_) : std::uint16_t{0};
      if (c == 0) {
        const bool apostrophe =
            p_ < end_ && *p_ == '\'' && p_ > from && is_alnum(p_[-1]) && p_ + 1 < end_ && is_alnum(p_[1]);
        if (!apostrophe) break;
      }
      seen |= c;
      ++p_;
    }
    if ((seen & ~token::kWord) == 0) return plain(from, p_);
    const char* to = p_;
    while (to > from + 1 && (to[-1] == '.' || to[-1] == ':')) --to;
    if (to != p_) {
      seen = 0;
      for (const char* c = from; c < to; ++c) seen |= class_of(*c);
      if ((seen & ~token::kWord) == 0) {
        const char* whole = p_;
        p_ = to;
        plain(from, to);
        if (p_ == to) p_ = whole;
        return;
      }
    }
    special(from, to, seen);
  }

  /// A word of letters only, [from, to); p_ == to.
  void plain(const char* from, const char* to) {
    const std::string_view text(from, static_cast<std::size_t>(to - from));
    const Telling hint = hint_;
    hint_ = Telling::nothing;
    if (hint != Telling::nothing && token::names_somebody(hint, text, rest(to)))
      return value(from, to, ValueKind::user);
    const std::size_t n = text.size();
    switch (token::telling(text)) {
      case Telling::nothing:
        if (n >= 8 && n <= 128 && std::all_of(from, to, token::is_hex)) return value(from, to, ValueKind::hex);
        if (n == 2 && from[1] == '-' && from[0] != '-' && from[0] != '_') return value(from, to, ValueKind::id);
        return;
      case Telling::constant:
        return value(from, to, ValueKind::boolean);
      case Telling::user:
      case Telling::target:
        hint_ = token::telling(text);
        return;
      case Telling::client:
        if (from - begin_ >= 3 && std::string_view(from - 3, 3) == "by ") hint_ = Telling::user;
        return;
      case Telling::command:
        if (peek(to) != ' ' || peek(to + 1) != '(') return;
        if (const auto length = token::balanced(rest(to + 1)); length > 0)
          value(to + 1, to + 1 + length, ValueKind::command);
        return;
      case Telling::on_off:
        return switched(from, to);
      case Telling::calendar:
        return calendar(from);
    }
  }

  /// "( on off )": states of switches.
  void switched(const char* from, const char* to) {
    if (from - begin_ < 2 || (from[-1] != '(' && from[-2] != '(' && !out_.at_value())) return;
    const char* next = to;
    while (next < end_ && *next == ' ') ++next;
    if (peek(next) == ')' || token::opens_with(rest(next), {"on", "off"})) value(from, to, ValueKind::boolean);
  }

  void calendar(const char* from) {
    const auto date = token::spelled_date(rest(from));
    if (date.length == 0) return;
    value(from, from + date.length, ValueKind::date);
    if (!date.syslog || peek(p_) != ' ') return;
    const char* host = p_ + 1;
    if (const auto length = token::syslog_host(rest(host)); length > 0) value(host, host + length, ValueKind::host);
  }

  /// A token with more than letters in it: [from, to) without the full stop or colon behind it.
  void special(const char* from, const char* to, std::uint16_t seen) {
    const std::string_view text(from, static_cast<std::size_t>(to - from));
    const Telling hint = std::exchange(hint_, Telling::nothing);
    if (hint != Telling::nothing && token::names_somebody(hint, text, rest(to)))
      return value(from, to, ValueKind::user);
    if ((seen & token::kColon) != 0 && (seen & token::kSlash) != 0 && text.find("://") != text.npos) return url(from);
    if ((seen & token::kDot) != 0 && dot_leader(from, text)) return;
    if ((seen & token::kSlash) != 0 && token::is_path(text)) return path(from);
    if ((seen & token::kColon) != 0 && with_colon(from, text, seen)) return;
    if ((seen & token::kDigit) != 0) return with_digit(from, to, text);
    if (const auto at = text.find('@'); at != text.npos && at > 0 && at + 1 < text.size() && is_alnum(text[at - 1])) {
      return value(from, to, ValueKind::email);
    }
    if (text.size() == 2 && (text[1] == '+' || text[1] == '-')) return value(from, to, ValueKind::id);
    if ((seen & token::kDot) != 0) {
      if (const auto kind = token::dotted_name(text)) return value(from, to, *kind);
    }
    if (text.size() == 2 && text[1] == '-' && (class_of(text[0]) & token::kLower) != 0)
      return value(from, to, ValueKind::id);
  }

  /// Each part of a token is looked at again, so that only so many may be cut off.
  bool may_split(const char* from) {
    if (from >= split_until_) splits_ = 0;
    split_until_ = p_;
    return ++splits_ <= kMostSplits;
  }

  /// "enable.......0": the leader separates.
  bool dot_leader(const char* from, std::string_view text) {
    const auto dots = text.find("..", 1);
    if (dots == text.npos || !is_alnum(text[dots - 1])) return false;
    if (!may_split(from)) return false;
    p_ = from + dots;
    const auto head = text.substr(0, dots);
    if (std::any_of(head.begin(), head.end(), is_digit)) value(from, p_, token::kind_of(head));
    while (p_ < end_ && *p_ == '.') ++p_;
    return true;
  }

  void path(const char* from) {
    const char* to = from;
    while (to < end_ && !kPathEnd(*to)) ++to;
    while (to > from + 1 && kFinal(to[-1])) --to;
    const std::string_view text(from, static_cast<std::size_t>(to - from));
    const auto kind =
        Typed && is_digit(text[std::min<std::size_t>(1, text.size() - 1)]) ? token::kind_of(text) : ValueKind::path;
    value(from, to, kind == ValueKind::ip || kind == ValueKind::date ? kind : ValueKind::path);
  }

  void url(const char* from) {
    const char* to = from;
    while (to < end_ && !kUrlEnd(*to)) ++to;
    while (to > from + 1 && kFinal(to[-1])) --to;
    value(from, to, ValueKind::url);
  }

  /// True if the token was dealt with: "key:" and the rest on its own, or C++ and Ruby scopes, which are code.
  bool with_colon(const char* from, std::string_view text, std::uint16_t seen) {
    if (token::is_hex_colons(text)) return false;
    const auto colon = text.find(':');
    if (colon == text.npos) return false;
    if (text.find("::") != text.npos) {
      scoped(from, text);
      return true;
    }
    const auto head = text.substr(0, colon);
    if (std::any_of(head.begin(), head.end(), is_digit)) return (seen & token::kDigit) == 0;
    if (!may_split(from)) return false;
    p_ = from + colon + 1;
    if (head.find('.') != head.npos) {
      if (const auto kind = token::dotted_name(head)) value(from, from + colon, *kind);
    } else if (head == "localhost") {
      value(from, from + colon, ValueKind::host);
    }
    return true;
  }

  /// "Driver2::start": code, in which only numbers are values.
  void scoped(const char* from, std::string_view text) {
    const char* whole = p_;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const std::size_t begin = i;
      while (i < text.size() && is_digit(text[i])) ++i;
      if (i > begin) value(from + begin, from + i, ValueKind::integer);
    }
    p_ = whole;
  }

  void with_digit(const char* from, const char* to, std::string_view text) {
    if (token::well_known(text)) return;
    const char after = peek(to);
    if (after == '(' && peek(to + 1) == ')' && !is_digit(text[0])) return;
    const auto first = text.find_first_of("0123456789");
    if (first <= 1 && token::is_number(text)) return number(from, to);
    ValueKind kind = ValueKind::id;
    if constexpr (Typed) kind = token::kind_of(text);
    if (kind == ValueKind::id && text.ends_with('-') && after == '[') {
      to += token::balanced(rest(to));
    }
    value(from, to, kind);
    if constexpr (Typed) {
      if (kind != ValueKind::date && kind != ValueKind::time) return;
    }
    half_of_day();
  }

  void number(const char* from, const char* to) {
    ValueKind kind = ValueKind::integer;
    if constexpr (Typed) kind = token::kind_of({from, static_cast<std::size_t>(to - from)});
    if (peek(to) == ' ') {
      if (const auto u = token::unit(rest(to + 1), false)) return value(from, to + 1 + u->length, u->kind);
    }
    value(from, to, kind);
  }

  /// "10:15:00 PM", "… UTC".
  void half_of_day() {
    if (peek(p_) != ' ' || (class_of(peek(p_ + 1)) & token::kUpper) == 0) return;
    std::size_t n = 1;
    while (n < 6 && (class_of(peek(p_ + 1 + n)) & token::kUpper) != 0) ++n;
    const std::string_view next(p_ + 1, n);
    if (is_alnum(peek(p_ + 1 + n))) return;
    if (next == "AM" || next == "PM" || token::time_zone(next)) literal_ = p_ = p_ + 1 + n;
  }

  const char* begin_;
  const char* end_;
  const char* p_;
  const char* literal_;  ///< everything before it has been written
  Output<Typed> out_;
  std::vector<ValueSpan>* spans_;
  Telling hint_ = Telling::nothing;
  const char* split_until_ = nullptr;
  int splits_ = 0;  ///< of the token that ends at split_until_
  token::ValueEnds ends_;
};

}  // namespace

std::string_view name_of(ValueKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view message_skeleton(std::string_view text, std::string& scratch) {
  return Scanner<false>(text, scratch, nullptr).run();
}

std::string_view normalise_message(std::string_view text, std::string& scratch) {
  return Scanner<true>(text, scratch, nullptr).run();
}

std::string_view normalise_message(std::string_view text, std::string& scratch, std::vector<ValueSpan>& spans) {
  return Scanner<true>(text, scratch, &spans).run();
}

std::string_view significant_lines(std::string_view text) {
  text = text.substr(0, 8192);
  int lines = 0;
  bool blank = true;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '\n') {
      if (!kSpace(text[i])) {
        if (blank && lines == 0) begin = i;
        blank = false;
      }
      continue;
    }
    if (!blank && ++lines == 2) return text.substr(begin, i - begin);
    blank = true;
  }
  return lines == 0 ? std::string_view{} : text.substr(begin);
}

}  // namespace mesher::nodes
