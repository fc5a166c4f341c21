#include "nodes/normalise.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "nodes/normalise_token.hpp"

namespace mesher::nodes {
namespace {

using token::class_of;
using token::is_alnum;
using token::is_digit;

constexpr std::array<std::string_view, 21> kNames{"bool", "class", "cmd", "date", "email", "float", "hex",
                                                  "host", "id",    "int", "ip",   "mac",   "path",  "size",
                                                  "str",  "time",  "url", "user", "uuid",  "value", "version"};

/// A set of bytes.
class Bytes {
 public:
  constexpr explicit Bytes(std::string_view bytes) {
    for (const char c : bytes) in_[static_cast<unsigned char>(c)] = true;
  }
  constexpr bool operator()(char c) const { return in_[static_cast<unsigned char>(c)]; }

 private:
  std::array<bool, 256> in_{};
};

constexpr Bytes kSpace(" \t\n\v\f\r");
/// Between the values of a list.
constexpr Bytes kListSeparator(" ,;:/-.#|+&~_!*");
/// Behind '=': comparison, arrow, or nothing.
constexpr Bytes kNoValue("=>,;)]}|&~ \t\n\v\f\r");
constexpr Bytes kBeforeAssignment("_)]\"'-.");
constexpr Bytes kValueEnd(";)]}>|& \t\n\v\f\r");
constexpr Bytes kPathEnd("\"'`()[]{}<>;|, \t\n\v\f\r");
constexpr Bytes kUrlEnd("\"'`)]}<>| \t\n\v\f\r");
constexpr Bytes kFinal(".,;:!?");

/// Lengths, as a bit set, of the words beginning with a letter that plain() looks at more closely.
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

/// Longest stretch that a bracketed value may have; bounds the work on unbalanced brackets.
constexpr std::size_t kLongestValue = 512;

/// Longest run of list separators between two values that are merged.
constexpr std::ptrdiff_t kLongestSeparator = 8;

/// What a word says about the next one.
enum class Hint : std::uint8_t { none, user, target };

/// Writes the output. A placeholder that follows another one with nothing but list separators between is merged into
/// it.
template <bool Typed>
class Output {
 public:
  Output(std::string& memory, std::size_t input) {
    // Worst case: every second byte a value. The longest placeholder has 9 bytes, a separator stays.
    const std::size_t worst = input * (Typed ? 6 : 3) + 16;
    if (memory.size() < worst) memory.resize(worst);
    begin_ = at_ = memory.data();
  }

  void text(const char* from, const char* to) {
    const auto n = static_cast<std::size_t>(to - from);
    std::memcpy(at_, from, n);
    at_ += n;
  }
  void space() {
    if (at_ != begin_ && at_[-1] != ' ') *at_++ = ' ';
  }
  void value(ValueKind kind) {
    if (merges(kind)) {
      at_ = last_end_;
      return;
    }
    *at_++ = '<';
    if constexpr (Typed) {
      const auto name = name_of(kind);
      std::memcpy(at_, name.data(), name.size());
      at_ += name.size();
    } else {
      *at_++ = '*';
    }
    *at_++ = '>';
    last_end_ = at_;
    last_kind_ = kind;
  }
  /// "<1 sec" is a time as "2 sec" is.
  void drop_comparison() {
    if (at_ != begin_ && (at_[-1] == '<' || at_[-1] == '~') && at_ != last_end_) --at_;
  }
  [[nodiscard]] bool at_value() const { return at_ == last_end_; }
  [[nodiscard]] std::string_view view() {
    if (at_ != begin_ && at_[-1] == ' ') --at_;
    return {begin_, static_cast<std::size_t>(at_ - begin_)};
  }

 private:
  [[nodiscard]] bool merges(ValueKind kind) {
    if (last_end_ == nullptr || at_ - last_end_ > kLongestSeparator) return false;
    for (const char* c = last_end_; c != at_; ++c) {
      if (!kListSeparator(*c)) return false;
    }
    if constexpr (Typed) {
      if (last_kind_ == ValueKind::date && (kind == ValueKind::time || kind == ValueKind::integer)) return true;
      if (last_kind_ == ValueKind::time && kind == ValueKind::integer && at_ - last_end_ == 1) return true;
      if (last_kind_ == ValueKind::ip && kind == ValueKind::integer && at_ - last_end_ == 1) return true;
      if (last_kind_ == ValueKind::host && kind == ValueKind::integer && at_ - last_end_ == 1) return true;
      return kind == last_kind_;
    } else {
      return true;
    }
  }

  char* begin_;
  char* at_;
  char* last_end_ = nullptr;
  ValueKind last_kind_ = ValueKind::value;
};

/// Words of lower case, true if one of them opens `rest`, as a whole word.
bool opens_with(std::string_view rest, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return rest.starts_with(word) && (rest.size() == word.size() || !is_alnum(rest[word.size()]));
  });
}

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
    hint_ = Hint::none;
  }
  [[nodiscard]] std::string_view rest(const char* from) const { return {from, static_cast<std::size_t>(end_ - from)}; }
  [[nodiscard]] char peek(const char* at) const { return at < end_ ? *at : '\0'; }

  // --- separators ---
  void separator() {
    const char c = *p_;
    switch (c) {
      case ' ':
      case '\t':
      case '\n':
      case '\r':
      case '\v':
      case '\f':
        return spaces();
      case '"':
      case '\'':
      case '`':
        if (quoted()) return;
        break;
      case '=':
        if (assigned()) return;
        break;
      case '(':
      case '[':
      case ',':
      case ';':
        if (hint_ != Hint::none) hint_ = Hint::none;
        break;
      default:
        break;
    }
    ++p_;
  }

  void spaces() {
    const char* from = p_;
    while (p_ < end_ && kSpace(*p_)) ++p_;
    if (p_ - from == 1 && *from == ' ' && from != begin_) return;
    flush(from);
    out_.space();
    literal_ = p_;
    if (hint_ == Hint::user && p_ - from == 2 && opens_with(rest(p_), {"from"})) {
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
    const char* close = closing_quote(quote);
    if (close == nullptr) return false;
    const std::string_view inner(p_ + 1, static_cast<std::size_t>(close - p_ - 1));
    if (quote == '"' && peek(close + 1) == ':' && is_key(inner)) {
      p_ = close + 1;
      return true;
    }
    if (opens_with(inner, {"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"})) {
      ++p_;
      return true;
    }
    value(p_, close + 1, ValueKind::string);
    return true;
  }

  const char* closing_quote(char quote) {
    bool& missing = quote == '"' ? no_double_ : quote == '\'' ? no_single_ : no_back_;
    if (missing) return nullptr;
    const char* from = p_ + 1;
    // An apostrophe inside a word does not close; a few of them are looked at, so that the work stays linear.
    for (int tries = 0; tries < 4; ++tries) {
      const auto* at = static_cast<const char*>(std::memchr(from, quote, static_cast<std::size_t>(end_ - from)));
      if (at == nullptr) {
        missing = true;
        return nullptr;
      }
      if (at[-1] != '\\' && !is_alnum(peek(at + 1))) return at;
      from = at + 1;
    }
    return nullptr;
  }

  static bool is_key(std::string_view inner) {
    return !inner.empty() && inner.size() <= 64 && std::all_of(inner.begin(), inner.end(), [](char c) {
      return is_alnum(c) || c == '_' || c == '-' || c == '.';
    });
  }

  /// At '='. True if a value follows at once, which is consumed.
  bool assigned() {
    const char next = peek(p_ + 1);
    if (p_ == begin_ || next == '\0' || kNoValue(next)) return false;
    const char before = p_[-1];
    if (!is_alnum(before) && !kBeforeAssignment(before)) return false;
    const char* to = value_end(p_ + 1);
    value(p_ + 1, to, ValueKind::value);
    return true;
  }

  /// End of a value that begins at `at`: at a separator outside of brackets and quotes.
  const char* value_end(const char* at) {
    while (at < end_) {
      const char c = *at;
      if (kValueEnd(c)) return at;
      if (c == ',') {
        // "a,b" is a list, "a,key=" is not.
        const char* next = at + 1;
        while (next < end_ && class_of(*next) != 0) ++next;
        if (next == at + 1 || peek(next) == '=') return at;
        at = next;
      } else if (c == '"' || c == '\'') {
        const char* was = p_;
        p_ = at;
        const char* close = closing_quote(c);
        p_ = was;
        at = close == nullptr ? at + 1 : close + 1;
      } else if (c == '(' || c == '[' || c == '{' || c == '<') {
        const char* close = balanced(at);
        if (close == nullptr) return at;
        at = close;
      } else {
        ++at;
      }
    }
    return at;
  }

  /// Behind the bracket that closes the one at `at`; null if it is too far away or missing.
  const char* balanced(const char* at) const {
    int depth = 0;
    const char* limit = end_ - at > static_cast<std::ptrdiff_t>(kLongestValue) ? at + kLongestValue : end_;
    for (; at < limit; ++at) {
      if (*at == '(' || *at == '[' || *at == '{' || *at == '<') ++depth;
      if ((*at == ')' || *at == ']' || *at == '}' || *at == '>') && --depth == 0) return at + 1;
    }
    return nullptr;
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
    const Hint hint = hint_;
    hint_ = Hint::none;
    if (hint != Hint::none && names_somebody(hint, text, to)) return value(from, to, ValueKind::user);
    const std::size_t n = text.size();
    if (n > 9 || ((kTellingWords[static_cast<unsigned char>(*from)] >> n) & 1U) == 0) {
      if (n >= 8 && n <= 128 && std::all_of(from, to, token::is_hex)) return value(from, to, ValueKind::hex);
      if (n == 2 && from[1] == '-' && from[0] != '-' && from[0] != '_') return value(from, to, ValueKind::id);
      return;
    }
    telling_word(from, to, text);
  }

  void telling_word(const char* from, const char* to, std::string_view text) {
    using token::pack;
    switch (text.size() > 8 ? 0 : pack(text)) {
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
        return value(from, to, ValueKind::boolean);
      case pack("user"):
      case pack("User"):
      case pack("USER"):
      case pack("username"):
        hint_ = Hint::user;
        return;
      case pack("for"):
        hint_ = Hint::target;
        return;
      case pack("client"):
        if (from - begin_ >= 3 && std::string_view(from - 3, 3) == "by ") hint_ = Hint::user;
        return;
      case pack("CMD"):
        if (peek(to) != ' ' || peek(to + 1) != '(') return;
        if (const char* close = balanced(to + 1)) value(to + 1, close, ValueKind::command);
        return;
      case pack("on"):
      case pack("off"):
        if (from - begin_ >= 2 && (from[-1] == '(' || from[-2] == '(' || out_.at_value())) switched(from, to);
        return;
      default:
        if (token::calendar_word(text) != 0) calendar(from, to);
    }
  }

  /// "( on off )": states of switches.
  void switched(const char* from, const char* to) {
    const char* next = to;
    while (next < end_ && *next == ' ') ++next;
    if (peek(next) == ')' || opens_with(rest(next), {"on", "off"})) value(from, to, ValueKind::boolean);
  }

  /// Whether `word`, said behind "user" or "for", is a name: what follows tells.
  bool names_somebody(Hint hint, std::string_view word, const char* to) const {
    auto next = rest(to);
    while (next.starts_with("  ")) next.remove_prefix(1);
    if (hint == Hint::target)
      return next.starts_with(" from ") || next.starts_with(" [preauth") || next.starts_with(" by (");
    if (opens_with(word, {"unknown", "from",           "by",      "is",    "not",  "was",   "has", "name",
                          "id",      "with",           "and",     "or",    "in",   "to",    "for", "of",
                          "on",      "authentication", "request", "agent", "does", "could", "can", "cannot",
                          "login",   "input",          "session", "data",  "error"})) {
      return false;
    }
    if (next.empty() || next[0] == ',' || next[0] == '\n' || next == ".") return true;
    if (next[0] == ' ' && next.size() > 1 && is_digit(next[1])) return true;
    return opens_with(next, {" from", " by", " on", " at", " via", " is", " not", " has", " was", " does", " logged",
                             " failed", " with", " in"}) ||
           next.starts_with(" [") || next.starts_with(" (");
  }

  /// A date spelled with names begins here: "Sat Jul 9 22:53:19 PDT 2005", "Jun 14 15:16:01", "Mon, 02 Jan 2006".
  void calendar(const char* from, const char* to) {
    const char* at = to;
    bool month = token::calendar_word({from, static_cast<std::size_t>(to - from)}) == 1;
    bool number = false, time = false, year = false;
    const char* accepted = nullptr;
    for (int parts = 0; parts < 6; ++parts) {
      const char* next = at;
      while (next < end_ && (*next == ' ' || *next == ',') && next - at < 3) ++next;
      const char* stop = next;
      while (stop < end_ && (is_alnum(*stop) || *stop == ':' || *stop == '.' || *stop == '+' || *stop == '-')) ++stop;
      while (stop > next && (stop[-1] == ':' || stop[-1] == '.')) --stop;
      const std::string_view part(next, static_cast<std::size_t>(stop - next));
      if (part.empty() || next == at) break;
      if (is_digit(part[0]) && part.find(':') != part.npos && !time) {
        time = true;
      } else if (is_digit(part[0]) && part.size() <= 2 && !number &&
                 part.find_first_not_of("0123456789") == part.npos) {
        number = true;
      } else if (is_digit(part[0]) && part.size() == 4 && !year && part.find_first_not_of("0123456789") == part.npos) {
        year = true;
      } else if (!month && token::calendar_word(part) == 1) {
        month = true;
      } else if (time && (token::time_zone(part) || ((part[0] == '+' || part[0] == '-') && part.size() == 5))) {
        if (month) accepted = stop;
        at = stop;
        continue;
      } else {
        break;
      }
      at = stop;
      if (month && (number || year)) accepted = at;
    }
    if (accepted == nullptr) return;
    value(from, accepted, ValueKind::date);
    if (time && !year) header_host();
  }

  /// Behind the time of a syslog line: "combo sshd[1]: ..." begins with a host.
  void header_host() {
    if (peek(p_) != ' ') return;
    const char* host = p_ + 1;
    const auto line = rest(host);
    const std::size_t first = line.find(' ');
    if (first == 0 || first > 64 || line[first - 1] == ':') return;
    const std::size_t second = line.find_first_of(" \n", first + 1);
    if (second == line.npos || second - first < 3 || (line[second - 1] != ':' && line[second - 1] != ']')) return;
    p_ = host;
    value(host, host + first, ValueKind::host);
  }

  /// A token with more than letters in it: [from, to) without the full stop or colon behind it.
  void special(const char* from, const char* to, std::uint16_t seen) {
    const std::string_view text(from, static_cast<std::size_t>(to - from));
    const Hint hint = std::exchange(hint_, Hint::none);
    if (hint != Hint::none && names_somebody(hint, text, to)) return value(from, to, ValueKind::user);
    if ((seen & token::kColon) != 0 && (seen & token::kSlash) != 0 && text.find("://") != text.npos) return url(from);
    if ((seen & token::kDot) != 0 && dot_leader(from, text)) return;
    if ((seen & token::kSlash) != 0 && is_path(text, seen)) return path(from);
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

  /// "enable.......0": the leader separates.
  bool dot_leader(const char* from, std::string_view text) {
    const auto dots = text.find("..", 1);
    if (dots == text.npos || !is_alnum(text[dots - 1])) return false;
    p_ = from + dots;
    const auto head = text.substr(0, dots);
    if (std::any_of(head.begin(), head.end(), is_digit)) value(from, p_, token::kind_of(head));
    while (p_ < end_ && *p_ == '.') ++p_;
    return true;
  }

  static bool is_path(std::string_view text, std::uint16_t seen) {
    if (text[0] == '/') return text.size() > 1;
    if (text.starts_with("./") || text.starts_with("../") || text.starts_with("~/")) return true;
    if (text.size() > 2 && text[1] == ':' && (text[2] == '\\' || text[2] == '/')) return true;
    const auto slash = text.find_first_of("/\\");
    if (const auto colon = text.find(':'); colon < slash) return false;
    if ((seen & token::kDigit) != 0) return true;
    if (text.find_first_of("/\\", slash + 1) != text.npos) return true;
    return (seen & token::kDot) != 0 && token::dotted_name(text.substr(slash + 1)).has_value();
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
      if (const char* close = balanced(to)) to = close;
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
  Hint hint_ = Hint::none;
  bool no_double_ = false, no_single_ = false, no_back_ = false;  ///< no closing quote of this kind is left
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
