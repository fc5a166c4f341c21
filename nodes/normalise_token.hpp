#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "nodes/normalise.hpp"

/// The parts of the message normaliser that look at one token. For normalise.cpp only.
namespace mesher::nodes::token {

enum Class : std::uint16_t {
  kLower = 1,
  kUpper = 2,
  kDigit = 4,
  kDash = 8,
  kDot = 16,
  kColon = 32,
  kSlash = 64,
  kAt = 128,
  kSign = 256,
  kHigh = 512
};
constexpr std::uint16_t kLetter = kLower | kUpper | kHigh;
constexpr std::uint16_t kWord = kLetter | kDash;

/// Class of each byte; 0: a separator.
constexpr std::array<std::uint16_t, 256> make_classes() {
  std::array<std::uint16_t, 256> table{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = kLower;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = kUpper;
  for (std::size_t c = '0'; c <= '9'; ++c) table[c] = kDigit;
  for (std::size_t c = 128; c < 256; ++c) table[c] = kHigh;
  table['_'] = table['-'] = kDash;
  table['.'] = kDot;
  table[':'] = kColon;
  table['/'] = table['\\'] = kSlash;
  table['@'] = kAt;
  table['+'] = table['%'] = table['$'] = table['~'] = kSign;
  return table;
}
inline constexpr std::array<std::uint16_t, 256> kClasses = make_classes();

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

constexpr std::uint16_t class_of(char c) {
  return kClasses[static_cast<unsigned char>(c)];
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr bool is_alnum(char c) {
  return (class_of(c) & (kLetter | kDigit)) != 0;
}
constexpr bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Up to eight bytes as one number, for comparing short words at once.
constexpr std::uint64_t pack(std::string_view word) {
  std::uint64_t packed = 0;
  for (const char c : word) packed = (packed << 8U) | static_cast<unsigned char>(c);
  return packed;
}

/// Length of a unit at the beginning of `rest` ("ms", "KB", "seconds"), with what it measures; nothing if there is none
/// or more letters follow. `glued`: no space between number and unit, then single letters count as well ("5s", "3h").
struct Unit {
  std::size_t length;
  ValueKind kind;
};
std::optional<Unit> unit(std::string_view rest, bool glued);

/// A digit in it does not make it a value: "utf-8", "IPv4", "OAuth2", "x86_64".
bool well_known(std::string_view token);

/// "Jan" to "December"; 0: neither, 1: month, 2: day of the week. Capitalised only.
int calendar_word(std::string_view word);

/// A zone behind a time: "UTC", "PDT", "CEST".
bool time_zone(std::string_view word);

/// What a token with dots and without digits is: host, path (file name) or class_name; nothing: just words.
std::optional<ValueKind> dotted_name(std::string_view token);

/// Kind of a token that holds a digit, by its looks.
ValueKind kind_of(std::string_view token);

/// Only digits: "123", "-5", "0.25", "80%".
bool is_number(std::string_view token);

/// Hex digits and at least two colons: MAC and IPv6 addresses, long ids.
bool is_hex_colons(std::string_view token);

}  // namespace mesher::nodes::token
