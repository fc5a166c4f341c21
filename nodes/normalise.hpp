#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Turns messages into what they have in common: "Took 5 ms for user bob" and "Took 2 s for user eve" are the same.
///
/// One pass, left to right, table-driven, no regular expressions, no allocation beyond the output. A token is a maximal
/// run of letters, digits and `_-.:/\@+%$~`; everything else separates. The rules, in the order in which they are
/// tried:
///  - quoted text is a value, except a key of JSON (`"code":`) and an HTTP request line, whose method stays;
///  - what follows `key=` without a space is a value: up to the next separator, whole brackets and quotes included;
///  - dates spelled with month names, URLs, paths, mail addresses, host names, file names, qualified class names;
///  - `word:rest` is a word and a token of its own, unless the whole is an address, a time or a path;
///  - a token with a digit is a value, with the unit behind it, unless it is a well-known name (utf-8, x86_64, OAuth2);
///  - true, false, null; names of users where the words around say so ("for root from", "user root");
///  - neighbouring values merge into one, so that lists of any length are the same; so does white space.
/// All other words stay. Deterministic and stateless: a message's form never depends on other messages.
namespace mesher::nodes {

/// What a value looks like. The kind is for readers only: grouping takes all kinds for the same, because one slot of a
/// message holds several ("0246dd1c" and "00106570", an address and a host name).
enum class ValueKind : std::uint8_t {
  boolean,
  class_name,
  command,
  date,
  email,
  floating,
  hex,
  host,
  id,
  integer,
  ip,
  mac,
  path,
  size,
  string,
  time,
  url,
  user,
  uuid,
  value,
  version
};
std::string_view name_of(ValueKind kind);  ///< "int", "uuid", … as in the placeholders

/// Where a value was found in the input: [begin, end) bytes. Merged neighbours have one span each.
struct ValueSpan {
  std::uint32_t begin = 0, end = 0;
  ValueKind kind = ValueKind::value;
};

/// The form that is hashed: every value is `<*>`. The answer points into `scratch`, whose memory is reused.
std::string_view message_skeleton(std::string_view text, std::string& scratch);

/// The form for readers: typed placeholders, "Took <time> for user <user>".
std::string_view normalise_message(std::string_view text, std::string& scratch);

/// As normalise_message, and appends where the values were.
std::string_view normalise_message(std::string_view text, std::string& scratch, std::vector<ValueSpan>& spans);

/// What of a message takes part in grouping: its first two lines that are not blank (of the first 8192 bytes).
std::string_view significant_lines(std::string_view text);

}  // namespace mesher::nodes
