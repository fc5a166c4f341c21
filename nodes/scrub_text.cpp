#include "nodes/scrub_text.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "nodes/byte_masks.hpp"
#include "nodes/coerce.hpp"

namespace mesher::nodes {
namespace {

constexpr std::size_t npos = std::string_view::npos;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_alnum(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name(char c) {
  return is_alnum(c) || c == '_' || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

/// First digits of card numbers: Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay, Maestro. Numbers
/// that begin otherwise (times in milliseconds begin with 1) are no cards, whatever their check digit.
bool of_an_issuer(const std::array<int, 19>& digits) {
  const int two = digits[0] * 10 + digits[1];
  const int four = two * 100 + digits[2] * 10 + digits[3];
  return digits[0] == 4 || (two >= 50 && two <= 69) || (four >= 2221 && four <= 2720) || two == 34 || two == 37 ||
         two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059) || (four >= 3528 && four <= 3589);
}

/// Luhn's check.
bool check_digit_fits(const std::array<int, 19>& digits, std::size_t n) {
  int sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    int digit = digits[n - 1 - i];
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

/// Behind the card number that begins at `at`, or npos. Of a run of digits with single separators, the longest
/// beginning that is one: an expiry date may follow.
std::size_t card_end(std::string_view text, std::size_t at) {
  std::array<int, 19> digits{};
  std::size_t n = 0;
  std::size_t found = npos;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (!is_digit(text[i])) {
      if ((text[i] != ' ' && text[i] != '-') || !is_digit(next)) break;
      continue;
    }
    if (n == digits.size()) break;
    digits[n++] = text[i] - '0';
    const bool ends_here = !is_alnum(next) && next != '_';
    if (n >= 13 && ends_here && of_an_issuer(digits) && check_digit_fits(digits, n)) found = i + 1;
  }
  return found;
}

/// A separator between name and value, and the name before it.
struct Assignment {
  std::string_view name;
  std::size_t value = 0;  ///< where the value begins, spaces skipped
  bool colon = false;
  bool quoted_name = false;
};

/// The name that ends before `at`, spaces, quotes and a bracket (`user[password]=`) skipped.
std::string_view name_before(std::string_view text, std::size_t at, bool& quoted) {
  std::size_t end = at;
  while (end > 0 && text[end - 1] == ' ' && at - end < 4) --end;
  while (end > 0 && (text[end - 1] == '"' || text[end - 1] == '\'' || text[end - 1] == '\\' || text[end - 1] == ']' ||
                     text[end - 1] == '`')) {
    quoted = true;
    --end;
  }
  std::size_t begin = end;
  while (begin > 0 && is_name(text[begin - 1]) && end - begin < 96) --begin;
  return text.substr(begin, end - begin);
}

std::optional<Assignment> assignment_at(std::string_view text, std::size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : '\0';
  const char before = at > 0 ? text[at - 1] : '\0';
  if (is_digit(before) && is_digit(next) && text[at] == ':') return std::nullopt;  // 12:30, line:column
  Assignment found;
  found.colon = text[at] == ':';
  found.value = at + 1;
  if (found.colon) {
    if (next == ':' || before == ':') return std::nullopt;
    if (next == '=') ++found.value;
  } else {
    if (next == '=' || before == '=' || before == '!' || before == '<' || before == '>' || before == ':')
      return std::nullopt;
    if (next == '>') ++found.value;
  }
  found.name = name_before(text, at, found.quoted_name);
  const bool letters = std::any_of(found.name.begin(), found.name.end(),
                                   [](char c) { return is_name(c) && !is_digit(c) && c != '.' && c != '-'; });
  if (!letters) return std::nullopt;
  while (found.value < text.size() && text[found.value] == ' ') ++found.value;
  return found;
}

/// Behind the closing quote that matches the one at `at`, which may have backslashes before it.
std::size_t behind_quoted(std::string_view text, std::size_t at, std::size_t& inside, std::size_t& inside_end) {
  std::size_t quote = at;
  while (text[quote] == '\\') ++quote;
  const std::size_t slashes = quote - at;
  inside = quote + 1;
  for (std::size_t i = inside; i < text.size(); ++i) {
    if (text[i] != text[quote]) continue;
    std::size_t before = 0;
    while (i - before > inside && text[i - before - 1] == '\\') ++before;
    // The closing quote has as many backslashes as the opening one; one of them more and it is part of the value.
    if (before > slashes && (before - slashes) % 2 == 1) continue;
    inside_end = i - std::min(before, slashes);
    return i + 1;
  }
  inside_end = text.size();
  return text.size();
}

bool starts_quoted(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] == '\\') ++at;
  return at < text.size() && (text[at] == '"' || text[at] == '\'' || text[at] == '`');
}

bool ends_value(char c) {
  constexpr std::string_view kEnds = "&\"'`<>)]},;|\\";
  return is_space(c) || kEnds.find(c) != npos;
}

bool is_scheme(std::string_view word) {
  for (const std::string_view scheme : {"bearer", "basic", "token", "digest", "negotiate", "apikey", "dsn", "sentry"}) {
    if (equal_ignoring_case(word, scheme)) return true;
  }
  return false;
}

bool says_nothing(std::string_view value) {
  for (const std::string_view word : {"null", "none", "nil", "undefined", "true", "false", "[Filtered]", "Filtered"}) {
    if (equal_ignoring_case(value, word)) return true;
  }
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '*'; });
}

/// Long, with letters and digits mixed: no word of prose.
bool looks_secret(std::string_view value) {
  if (value.size() < 12) return false;
  const bool digit = std::any_of(value.begin(), value.end(), is_digit);
  const bool letter = std::any_of(value.begin(), value.end(), [](char c) { return is_alnum(c) && !is_digit(c); });
  return digit && letter;
}

/// Headers whose value is the rest of the line.
bool takes_line(std::string_view name) {
  for (const std::string_view header : {"authorization", "proxy-authorization", "cookie", "set-cookie"}) {
    if (equal_ignoring_case(name, header)) return true;
  }
  return false;
}

struct Range {
  std::size_t from = 0, to = 0;
};

Range bracketed(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '{' || text[i] == '[') ++depth;
    if ((text[i] == '}' || text[i] == ']') && --depth == 0) return {at, i + 1};
  }
  return {at, text.size()};
}

/// What of the value must go; an empty range: nothing.
Range secret_of(std::string_view text, const Assignment& found) {
  const std::size_t at = found.value;
  if (at >= text.size()) return {};
  if (starts_quoted(text, at)) {
    Range range;
    behind_quoted(text, at, range.from, range.to);
    return range;
  }
  if (text.substr(at, kFiltered.size()) == kFiltered) return {};
  if (text[at] == '{' || text[at] == '[') return bracketed(text, at);
  Range range{at, at};
  if (takes_line(found.name) && !found.quoted_name) {
    while (range.to < text.size() && text[range.to] != '\n' && text[range.to] != '\r' && text[range.to] != '"' &&
           text[range.to] != '\'') {
      ++range.to;
    }
    return range;
  }
  while (range.to < text.size() && !ends_value(text[range.to])) ++range.to;
  if (is_scheme(text.substr(range.from, range.to - range.from)) && range.to < text.size() && text[range.to] == ' ') {
    std::size_t end = range.to + 1;
    while (end < text.size() && !ends_value(text[end])) ++end;
    if (end > range.to + 1) range.to = end;
  }
  return range;
}

/// `scheme://user:password@host`: the range of `user:password`.
Range credentials_at(std::string_view text, std::size_t colon) {
  if (colon < 2 || text.compare(colon, 3, "://") != 0 || !is_alnum(text[colon - 1])) return {};
  const std::size_t from = colon + 3;
  std::size_t at = npos;
  bool password = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || c == '<' || c == '>' || is_space(c)) break;
    if (c == ':' && at == npos) password = true;
    if (c == '@') at = i;
  }
  if (at == npos || at == from) return {};
  const auto user = text.substr(from, at - from);
  if (!password && !looks_secret(user)) return {};
  if (user == kFiltered) return {};
  return {from, at};
}

Range find_secret(std::string_view text, std::size_t at, KeyKind kind, const ScrubRules& rules, KeyCache& cache) {
  if (text[at] == ':') {
    const auto credentials = credentials_at(text, at);
    if (credentials.to != 0) return credentials;
    if (text.compare(at, 3, "://") == 0) return {};
    if (kind == KeyKind::grouping) return {};
  }
  const auto found = assignment_at(text, at);
  if (!found || found->value >= text.size()) return {};
  if (cache.kind_of(found->name, text.data() + text.size(), rules) != KeyKind::sensitive) return {};
  const auto range = secret_of(text, *found);
  if (range.to <= range.from) return {};
  const auto secret = text.substr(range.from, range.to - range.from);
  if (says_nothing(secret)) return {};
  const bool quoted = starts_quoted(text, found->value);
  if (kind == KeyKind::source && !quoted) return {};
  if (found->colon && !found->quoted_name && !quoted && !rules.sensitive_in_prose(found->name) &&
      !looks_secret(secret)) {
    return {};
  }
  return range;
}

}  // namespace

std::size_t scrub_text(std::string_view text, KeyKind kind, const ScrubRules& rules, KeyCache& cache,
                       std::string& out) {
  const std::size_t before = out.size();
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  std::size_t hits = 0;
  std::size_t copied = 0;
  for (const char* window = begin; window < end; window += 16) {
    for (auto marks = masks_of(window, end).mark; marks != 0; marks &= marks - 1) {
      const auto at = static_cast<std::size_t>(window - begin) + static_cast<std::size_t>(std::countr_zero(marks));
      if (at < copied) continue;  // inside of what was replaced
      const auto range = find_secret(text, at, kind, rules, cache);
      if (range.to <= range.from || range.from < copied) continue;
      out.append(text, copied, range.from - copied);
      out += kFiltered;
      copied = range.to;
      ++hits;
    }
  }
  if (hits > 0) out.append(text, copied, text.size() - copied);
  if (hits == 0) return scrub_cards(text, out);
  std::string cards;
  if (const std::size_t found = scrub_cards(std::string_view(out).substr(before), cards); found > 0) {
    out.replace(before, std::string::npos, cards);
    hits += found;
  }
  return hits;
}

std::size_t scrub_cards(std::string_view text, std::string& out) {
  std::size_t hits = 0;
  std::size_t copied = 0;
  for (std::size_t at = 0; at + 13 <= text.size(); ++at) {
    if (!is_digit(text[at])) continue;
    if (text[at] < '2' || text[at] > '6') {
      while (at + 1 < text.size() && is_digit(text[at + 1])) ++at;
      continue;
    }
    const char before = at > 0 ? text[at - 1] : ' ';
    const bool begins = !is_alnum(before) && before != '_' && !(before == '.' && at > 1 && is_digit(text[at - 2]));
    const std::size_t end = begins ? card_end(text, at) : npos;
    if (end != npos) {
      out.append(text, copied, at - copied);
      out += kFiltered;
      copied = end;
      at = end - 1;
      ++hits;
      continue;
    }
    while (at + 1 < text.size() && is_digit(text[at + 1])) ++at;
  }
  if (hits > 0) out.append(text, copied, text.size() - copied);
  return hits;
}

bool is_card_number(std::string_view digits) {
  return !digits.empty() && is_digit(digits[0]) && card_end(digits, 0) == digits.size();
}

}  // namespace mesher::nodes
