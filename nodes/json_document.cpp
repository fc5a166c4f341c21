#include "nodes/json_document.hpp"

#include <simdjson.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "nodes/validate.hpp"

namespace mesher::nodes {
namespace {

/// Tables of texts up to this size are kept; a larger one is given back when a small text follows.
constexpr std::size_t kSmall = 64 * 1024;

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The grammar of a JSON number over the whole of `text`.
bool is_number(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - from;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t first = i;
  const auto whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() == 0) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

/// A number of the grammar that no double holds, such as 1e999: other readers of the payload would stumble over it.
bool too_large(std::string_view number) {
  if (number.size() < 300 && number.find_first_of("eE") == std::string_view::npos) return false;
  return !std::isfinite(std::strtod(std::string(number).c_str(), nullptr));
}

bool is_not_a_number(std::string_view text) {
  if (is_digit(text[0]) || (text[0] == '-' && text.size() > 1 && is_digit(text[1])))
    return is_number(text) && too_large(text);
  return text == "NaN" || text == "-NaN" || text == "Infinity" || text == "-Infinity";
}

/// Four hex digits, or -1.
int unit_at(std::string_view raw, std::size_t at) {
  if (at + 4 > raw.size()) return -1;
  int unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = hex_value(raw[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

char* put_utf8(std::uint32_t code, char* to) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (code < 0x80) {
    *to++ = byte(code);
  } else if (code < 0x800) {
    *to++ = byte(0xC0 | (code >> 6));
    *to++ = byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *to++ = byte(0xE0 | (code >> 12));
    *to++ = byte(0x80 | ((code >> 6) & 0x3F));
    *to++ = byte(0x80 | (code & 0x3F));
  } else {
    *to++ = byte(0xF0 | (code >> 18));
    *to++ = byte(0x80 | ((code >> 12) & 0x3F));
    *to++ = byte(0x80 | ((code >> 6) & 0x3F));
    *to++ = byte(0x80 | (code & 0x3F));
  }
  return to;
}

constexpr std::uint32_t kReplacement = 0xFFFD;

/// The character of the \u escape whose digits begin at `at`; moves `at` behind it (or behind the pair).
std::uint32_t take_unicode(std::string_view raw, std::size_t& at) {
  const int unit = unit_at(raw, at);
  if (unit < 0) return kReplacement;
  at += 4;
  const auto code = static_cast<std::uint32_t>(unit);
  if (code == 0 || (code >= 0xDC00 && code <= 0xDFFF)) return kReplacement;
  if (code < 0xD800 || code > 0xDBFF) return code;
  if (at + 6 > raw.size() || raw[at] != '\\' || raw[at + 1] != 'u') return kReplacement;
  const int low = unit_at(raw, at + 2);
  if (low < 0xDC00 || low > 0xDFFF) return kReplacement;
  at += 6;
  return 0x10000 + ((code - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00);
}

}  // namespace

struct JsonDocument::Stage1 {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation;
};

JsonDocument::JsonDocument() : stage1_(std::make_unique<Stage1>()) {}
JsonDocument::~JsonDocument() = default;

bool JsonDocument::reserve(std::size_t size) {
  const std::size_t wanted = size <= kSmall ? kSmall : size;
  if (size <= capacity_ && (capacity_ <= 4 * kSmall || wanted > kSmall)) return true;
  capacity_ = 0;
  auto& implementation = stage1_->implementation;
  const auto error = implementation ? implementation->allocate(wanted, 1)
                                    : simdjson::get_active_implementation()->create_dom_parser_implementation(
                                          wanted, 1, implementation);
  if (error != simdjson::SUCCESS) return false;
  ends_ = std::make_unique_for_overwrite<std::uint32_t[]>(wanted + 2);
  capacity_ = wanted;
  return true;
}

JsonDocument::Fault JsonDocument::open(std::string_view text, bool tolerate_nan) {
  text_ = text;
  tokens_ = 0;
  fault_at_ = 0;
  nan_tokens_ = 0;
  if (text.empty()) return Fault::empty;
  if (!reserve(text.size())) throw std::bad_alloc();
  auto& stage1 = *stage1_->implementation;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto error = stage1.stage1(bytes, text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::EMPTY) return Fault::empty;
  if (error == simdjson::UTF8_ERROR) return Fault::invalid_utf8;
  if (error != simdjson::SUCCESS) {
    fault_at_ = text.size();
    return simdjson::validate_utf8(text.data(), text.size()) ? Fault::invalid_json : Fault::invalid_utf8;
  }
  at_ = stage1.structural_indexes.get();
  tokens_ = stage1.n_structural_indexes;
  stage1.structural_indexes[tokens_] = static_cast<std::uint32_t>(text.size());
  const auto* backslash = static_cast<const char*>(std::memchr(text.data(), '\\', text.size()));
  next_escape_ = backslash == nullptr ? text.size() : static_cast<std::size_t>(backslash - text.data());
  return check(tolerate_nan);
}

JsonDocument::Fault JsonDocument::fault(Fault what, std::uint32_t token) {
  fault_at_ = token < tokens_ ? at_[token] : text_.size();
  return what;
}

JsonDocument::Fault JsonDocument::check(bool tolerate_nan) {
  std::array<std::uint32_t, kMaxDepth> open{};
  std::size_t depth = 0;
  const std::uint32_t n = tokens_;
  const char* text = text_.data();
  const auto first = [&](std::uint32_t token) { return token < n ? text[at_[token]] : '\0'; };
  std::uint32_t token = 0;

value:
  switch (first(token)) {
    case '{':
      if (depth == kMaxDepth) return fault(Fault::too_deep, token);
      open[depth++] = token++;
      if (first(token) == '}') goto close;
      goto key;
    case '[':
      if (depth == kMaxDepth) return fault(Fault::too_deep, token);
      open[depth++] = token++;
      if (first(token) == ']') goto close;
      goto value;
    case '"':
      if (!check_string(token)) return fault(Fault::invalid_json, token);
      break;
    case '\0':
      return fault(Fault::invalid_json, token);
    default:
      if (!check_scalar(token, tolerate_nan)) return fault(Fault::invalid_json, token);
  }
  ++token;

behind_value:
  if (depth == 0) return token == n ? Fault::none : fault(Fault::invalid_json, token);
  {
    const char separator = first(token);
    const bool object = text[at_[open[depth - 1]]] == '{';
    if (separator == ',') {
      ++token;
      if (object) goto key;
      goto value;
    }
    if (separator != (object ? '}' : ']')) return fault(Fault::invalid_json, token);
  }

close:
  ends_[open[--depth]] = token++;
  goto behind_value;

key:
  if (first(token) != '"' || !check_string(token)) return fault(Fault::invalid_json, token);
  if (first(token + 1) != ':') return fault(Fault::invalid_json, token + 1);
  token += 2;
  goto value;
}

bool JsonDocument::check_string(std::uint32_t token) {
  const std::size_t from = at_[token] + 1;
  std::size_t quote = at_[token + 1] - 1;
  while (text_[quote] != '"') {  // only white space can lie between
    if (quote < from || !is_space(text_[quote])) return false;
    --quote;
  }
  if (quote < from) return false;
  ends_[token] = static_cast<std::uint32_t>(quote - from);
  if (next_escape_ >= quote) return true;
  if (next_escape_ < from) return false;  // a backslash outside of strings
  ends_[token] |= kEscapes;
  while (next_escape_ < quote) {
    const char escaped = text_[next_escape_ + 1];
    std::size_t behind = next_escape_ + 2;
    if (escaped == 'u') {
      if (unit_at(text_.substr(0, quote), behind) < 0) return false;
      behind += 4;
    } else if (std::string_view("\"\\/bfnrt").find(escaped) == std::string_view::npos) {
      return false;
    }
    const auto* found = static_cast<const char*>(std::memchr(text_.data() + behind, '\\', text_.size() - behind));
    next_escape_ = found == nullptr ? text_.size() : static_cast<std::size_t>(found - text_.data());
  }
  return true;
}

std::string_view JsonDocument::scalar(std::uint32_t token) const {
  std::size_t end = at_[token + 1];
  while (end > at_[token] + 1 && is_space(text_[end - 1])) --end;
  return text_.substr(at_[token], end - at_[token]);
}

bool JsonDocument::check_scalar(std::uint32_t token, bool tolerate_nan) {
  const auto text = scalar(token);
  switch (text[0]) {
    case 't':
      return text == "true";
    case 'f':
      return text == "false";
    case 'n':
      return text == "null";
    default:
      if (is_number(text) && !too_large(text)) return true;
      if (!tolerate_nan || !is_not_a_number(text)) return false;
      ++nan_tokens_;
      return true;
  }
}

std::string JsonDocument::replace_nan() const {
  std::string out;
  out.reserve(text_.size());
  std::size_t done = 0;
  for (std::uint32_t token = 0; token < tokens_; ++token) {
    const char c = text_[at_[token]];
    if (c != 'N' && c != 'I' && c != '-' && !is_digit(c)) continue;
    const auto text = scalar(token);
    if (!is_not_a_number(text)) continue;
    out.append(text_, done, at_[token] - done);
    out += "null";
    done = at_[token] + text.size();
  }
  out.append(text_, done, text_.size() - done);
  return out;
}

std::string_view Json::raw() const {
  const auto& d = *document_;
  const std::size_t from = d.at_[token_];
  switch (d.text_[from]) {
    case '{':
    case '[':
      return d.text_.substr(from, d.at_[d.ends_[token_]] + 1 - from);
    case '"':
      return d.text_.substr(from, raw_string().size() + 2);
    default:
      return d.scalar(token_);
  }
}

std::string_view Json::string(Arena& arena) const {
  const auto raw = raw_string();
  if (!has_escapes()) return raw;
  const auto room = arena.array<char>(raw.size());
  return {room.data(), unescape(raw, room.data())};
}

void Json::append_string(std::string& to) const {
  const auto raw = raw_string();
  if (!has_escapes()) {
    to += raw;
    return;
  }
  const std::size_t before = to.size();
  to.resize(before + raw.size());
  to.resize(before + unescape(raw, to.data() + before));
}

Json Json::member(std::string_view name) const {
  const auto& d = *document_;
  std::uint32_t token = token_ + 1;
  if (d.text_[d.at_[token]] == '}') return {};
  for (;;) {
    if (Json(document_, token).raw_string() == name) return {document_, token + 2};
    token = Json(document_, token + 2).after();
    if (d.text_[d.at_[token]] != ',') return {};
    ++token;
  }
}

std::size_t Json::count() const {
  std::size_t n = 0;
  elements([&](Json) { ++n; });
  return n;
}

std::size_t unescape(std::string_view raw, char* to) {
  char* const start = to;
  std::size_t at = 0;
  while (at < raw.size()) {
    const char c = raw[at++];
    if (c != '\\' || at == raw.size()) {
      *to++ = c;
      continue;
    }
    switch (const char escaped = raw[at++]) {
      case 'b':
        *to++ = '\b';
        break;
      case 'f':
        *to++ = '\f';
        break;
      case 'n':
        *to++ = '\n';
        break;
      case 'r':
        *to++ = '\r';
        break;
      case 't':
        *to++ = '\t';
        break;
      case 'u':
        to = put_utf8(take_unicode(raw, at), to);
        break;
      default:
        *to++ = escaped;
    }
  }
  return static_cast<std::size_t>(to - start);
}

void append_escaped(std::string_view text, std::string& to) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    switch (c) {
      case '"':
        to += "\\\"";
        break;
      case '\\':
        to += "\\\\";
        break;
      case '\n':
        to += "\\n";
        break;
      case '\r':
        to += "\\r";
        break;
      case '\t':
        to += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          to += "\\u00";
          to += kHex[static_cast<unsigned char>(c) >> 4];
          to += kHex[static_cast<unsigned char>(c) & 15];
        } else {
          to += c;
        }
    }
  }
}

}  // namespace mesher::nodes
