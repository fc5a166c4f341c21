#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

/// What words of a message say about the words around them. For normalise.cpp only.
namespace mesher::nodes::token {

/// What a word is, or says about what follows.
enum class Telling : std::uint8_t {
  nothing,
  constant,  ///< true, null, None
  user,      ///< "user": a name may follow
  target,    ///< "for": a name may follow
  client,    ///< "client": a name, if "by" stood before
  command,   ///< cron's "CMD": a command in brackets follows
  on_off,
  calendar,  ///< a month or a day of the week
};
Telling telling(std::string_view word);

/// Whether `word`, said behind "user" (or "for"), is somebody's name. `next` is the text behind it.
bool names_somebody(Telling hint, std::string_view word, std::string_view next);

/// True if one of the words opens `rest`, as a whole word.
bool opens_with(std::string_view rest, std::initializer_list<std::string_view> words);

/// A date spelled with names at the beginning of `text`: "Sat Jul 9 22:53:19 PDT 2005", "Jun 14 15:16:01",
/// "Mon, 02 Jan 2006". Length 0: none.
struct SpelledDate {
  std::size_t length = 0;
  bool syslog = false;  ///< with a time, without a year
};
SpelledDate spelled_date(std::string_view text);

/// Length of the host name that begins `line` if it goes on as a syslog line does ("combo sshd[1]: ..."); else 0.
std::size_t syslog_host(std::string_view line);

/// Length of a balanced bracketed text at the beginning of `text`; 0 if it does not end within a bound.
std::size_t balanced(std::string_view text);

/// Finds ends of values in one text; remembers which quotes have no partner, so that the work stays linear.
class ValueEnds {
 public:
  /// The quote that closes the one at `open`; null: none.
  const char* closing_quote(const char* open, const char* end);

  /// End of a value that begins at `at`, behind '=': at a separator outside of brackets and quotes.
  const char* value_end(const char* at, const char* end);

 private:
  bool no_double_ = false, no_single_ = false, no_back_ = false;  ///< no closing quote of this kind is left
};

/// A key as in JSON: letters, digits, `_-.`.
bool is_key(std::string_view text);

/// A token with slashes is a path, not alternatives ("read/write").
bool is_path(std::string_view token);

}  // namespace mesher::nodes::token
