#include "nodes/normalise_token.hpp"

#include <algorithm>
#include <span>

namespace mesher::nodes::token {
namespace {

// Sorted tables, looked up by binary search. Lower case.
constexpr std::array<std::string_view, 21> kTimeUnits{
    "day",    "days",    "hour", "hours",       "hr", "hrs", "microseconds", "millis",  "milliseconds", "min", "mins",
    "minute", "minutes", "ms",   "nanoseconds", "ns", "sec", "second",       "seconds", "secs",         "us"};
constexpr std::array<std::string_view, 20> kSizeUnits{"b",   "bit",  "bits", "byte", "bytes", "gb",  "gbps",
                                                      "ghz", "gib",  "hz",   "kb",   "kbps",  "khz", "kib",
                                                      "mb",  "mbps", "mhz",  "mib",  "tb",    "tib"};
constexpr std::array<std::string_view, 42> kWellKnown{
    "amd64",  "arm64", "base64", "bz2",    "crc32", "ec2",    "float32", "float64", "h264",    "http2", "http3",
    "i18n",   "i386",  "i686",   "int16",  "int32", "int64",  "int8",    "ipv4",    "ipv6",    "k8s",   "l10n",
    "latin1", "log4j", "md5",    "mp3",    "mp4",   "oauth2", "s3",      "sha-1",   "sha-256", "sha1",  "sha256",
    "sha512", "slf4j", "ssh2",   "utf-16", "utf-8", "utf16",  "utf8",    "x64",     "x86_64"};
constexpr std::array<std::string_view, 60> kFileEndings{
    "bat",   "bin",   "bz2", "c",          "cc",   "cfg", "class", "conf", "cpp", "cs",   "css", "csv",
    "dat",   "deb",   "dll", "exe",        "gif",  "gz",  "h",     "hpp",  "htm", "html", "img", "ini",
    "iso",   "jar",   "jpg", "js",         "json", "jsp", "kext",  "kt",   "log", "pdf",  "pem", "php",
    "pid",   "plist", "png", "properties", "py",   "rb",  "rpm",   "sh",   "so",  "sock", "sql", "sqlite",
    "swift", "sys",   "tar", "tgz",        "tmp",  "ts",  "txt",   "war",  "xml", "yaml", "yml", "zip"};
constexpr std::array<std::string_view, 14> kDomains{"arpa", "biz",      "cloud", "com",   "dev",         "edu", "gov",
                                                    "info", "internal", "lan",   "local", "localdomain", "net", "org"};
// Only behind two more labels: as last of two they are more often a file ending or a word.
constexpr std::array<std::string_view, 46> kCountries{
    "ae", "ar", "at", "au", "be", "bg", "br", "ca", "ch", "cl", "cn", "co", "cz", "de", "dk", "es",
    "eu", "fi", "fr", "gr", "hk", "hr", "hu", "ie", "il", "in", "ir", "it", "jp", "kr", "mx", "my",
    "nl", "no", "nz", "pl", "pt", "ro", "ru", "se", "sg", "th", "tr", "tw", "ua", "uk"};
constexpr std::array<std::string_view, 21> kZones{"AEDT", "AEST", "AKDT", "AKST", "BST", "CDT", "CEST",
                                                  "CET",  "CST",  "EDT",  "EEST", "EET", "EST", "GMT",
                                                  "IST",  "JST",  "MDT",  "MST",  "PDT", "PST", "UTC"};

template <std::size_t N>
constexpr bool sorted(const std::array<std::string_view, N>& words) {
  return std::is_sorted(words.begin(), words.end());
}
static_assert(sorted(kTimeUnits) && sorted(kSizeUnits) && sorted(kWellKnown) && sorted(kFileEndings));
static_assert(sorted(kDomains) && sorted(kCountries) && sorted(kZones));

bool contains(std::span<const std::string_view> sorted, std::string_view word) {
  return std::binary_search(sorted.begin(), sorted.end(), word);
}

/// Lower-cased copy of a short word on the stack; empty if it is longer.
struct Lowered {
  explicit Lowered(std::string_view word) {
    if (word.size() > sizeof text) return;
    for (std::size_t i = 0; i < word.size(); ++i) text[i] = lower(word[i]);
    size = word.size();
  }
  [[nodiscard]] std::string_view view() const { return {text, size}; }
  char text[16]{};
  std::size_t size = 0;
};

/// A dotted quad, with or without `:port` or `/mask` behind it.
bool is_ipv4(std::string_view token) {
  if (token.starts_with('/')) token.remove_prefix(1);
  int octets = 0;
  std::size_t i = 0;
  while (octets < 4) {
    const std::size_t begin = i;
    while (i < token.size() && is_digit(token[i])) ++i;
    if (i == begin || i - begin > 3) return false;
    if (++octets == 4) break;
    if (i == token.size() || token[i] != '.') return false;
    ++i;
  }
  return i == token.size() || token[i] == ':' || token[i] == '/';
}

bool is_uuid(std::string_view token) {
  if (token.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? token[i] != '-' : !is_hex(token[i])) return false;
  }
  return true;
}

/// The token with each run of digits as one '0': "2015-07-29" -> "0-0-0". For comparing shapes; cut at 32.
struct Shape {
  explicit Shape(std::string_view token) {
    for (std::size_t i = 0; i < token.size() && size < sizeof text; ++i) {
      if (is_digit(token[i]) && i > 0 && is_digit(token[i - 1])) continue;
      text[size++] = is_digit(token[i]) ? '0' : token[i];
    }
  }
  [[nodiscard]] std::string_view view() const { return {text, size}; }
  char text[32]{};
  std::size_t size = 0;
};

bool is_date(std::string_view token, std::string_view shape) {
  if (shape.starts_with("0-0-0T") || shape.starts_with("0-0-0-0.") || shape.starts_with("0-0:0:0")) return true;
  if (shape == "0-0-0" || shape == "0/0/0" || shape == "0.0.0") {
    const std::size_t first = token.find_first_of("-/.");
    const std::size_t last = token.size() - token.find_last_of("-/.") - 1;
    return first == 4 || (first <= 2 && (last == 4 || (last == 2 && shape[1] == '/')));
  }
  return false;
}

}  // namespace

std::optional<Unit> unit(std::string_view rest, bool glued) {
  std::size_t n = 0;
  while (n < rest.size() && (class_of(rest[n]) & (kLower | kUpper)) != 0) ++n;
  if (n == 0 || n > 12 || (n < rest.size() && (class_of(rest[n]) & (kDigit | kDash | kHigh)) != 0)) return std::nullopt;
  if (n == 1) {
    const char c = rest[0];
    if (c == 'B') return Unit{1, ValueKind::size};
    if (c == 's' || (glued && (c == 'm' || c == 'h' || c == 'd'))) return Unit{1, ValueKind::time};
    if (glued && (c == 'K' || c == 'M' || c == 'G' || c == 'T' || c == 'k')) return Unit{1, ValueKind::size};
    return std::nullopt;
  }
  // Units begin with one of few letters; most words behind a number do not.
  if (std::string_view("bgkmtdhsnuBGKMTDHSNU").find(rest[0]) == std::string_view::npos) return std::nullopt;
  const Lowered word(rest.substr(0, n));
  if (contains(kTimeUnits, word.view())) return Unit{n, ValueKind::time};
  if (contains(kSizeUnits, word.view())) return Unit{n, ValueKind::size};
  return std::nullopt;
}

bool well_known(std::string_view token) {
  if (token.size() > 8 || token.size() < 2 || (class_of(token[0]) & (kLower | kUpper)) == 0) return false;
  return contains(kWellKnown, Lowered(token).view());
}

int calendar_word(std::string_view word) {
  if (word.size() < 3) return 0;
  const auto rest = [&](int which, std::string_view tail) {
    return word.size() == 3 || word.substr(3) == tail ? which : 0;
  };
  switch (pack(word.substr(0, 3))) {
    case pack("Jan"):
      return rest(1, "uary");
    case pack("Feb"):
      return rest(1, "ruary");
    case pack("Mar"):
      return rest(1, "ch");
    case pack("Apr"):
      return rest(1, "il");
    case pack("May"):
      return rest(1, "");
    case pack("Jun"):
      return rest(1, "e");
    case pack("Jul"):
      return rest(1, "y");
    case pack("Aug"):
      return rest(1, "ust");
    case pack("Sep"):
      return rest(1, "tember");
    case pack("Oct"):
      return rest(1, "ober");
    case pack("Nov"):
    case pack("Dec"):
      return rest(1, "ember");
    case pack("Mon"):
      return rest(2, "day");
    case pack("Tue"):
      return rest(2, "sday");
    case pack("Wed"):
      return rest(2, "nesday");
    case pack("Thu"):
      return rest(2, "rsday");
    case pack("Fri"):
      return rest(2, "day");
    case pack("Sat"):
      return rest(2, "urday");
    case pack("Sun"):
      return rest(2, "day");
    default:
      return 0;
  }
}

bool time_zone(std::string_view word) {
  return contains(kZones, word);
}

std::optional<ValueKind> dotted_name(std::string_view token) {
  const std::size_t last_dot = token.rfind('.');
  if (last_dot == 0 || last_dot == std::string_view::npos || last_dot + 1 == token.size()) return std::nullopt;
  const auto last = token.substr(last_dot + 1);
  const auto first = token.substr(0, token.find('.'));
  const auto labels = 1 + std::count(token.begin(), token.end(), '.');
  const bool package = first == "com" || first == "org" || first == "net" || first == "io";
  if (!package && labels == 2 && (token == "Node.js" || token == "node.js" || token == "Next.js")) return std::nullopt;
  if (!package && last.size() <= 10) {
    const Lowered ending(last);
    if (contains(kDomains, ending.view())) return ValueKind::host;
    if (labels >= 3 && contains(kCountries, ending.view())) return ValueKind::host;
    if (contains(kFileEndings, ending.view())) return ValueKind::path;
  }
  if (labels < 3) return std::nullopt;
  const bool named = (class_of(last[0]) & kUpper) != 0 &&
                     std::any_of(last.begin(), last.end(), [](char c) { return (class_of(c) & kLower) != 0; });
  if (named) {
    // The type of an error is what a reader tells errors apart by.
    if (last.ends_with("Exception") || last.ends_with("Error") || last.ends_with("Throwable")) return std::nullopt;
    return ValueKind::class_name;
  }
  if (package) {
    if (last.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == std::string_view::npos) return std::nullopt;
    return ValueKind::class_name;
  }
  return std::nullopt;
}

bool is_number(std::string_view token) {
  if (!token.empty() && (token[0] == '-' || token[0] == '+')) token.remove_prefix(1);
  if (token.ends_with('%')) token.remove_suffix(1);
  bool dot = false;
  for (const char c : token) {
    if (is_digit(c)) continue;
    if (c != '.' || dot) return false;
    dot = true;
  }
  return !token.empty();
}

bool is_hex_colons(std::string_view token) {
  int colons = 0;
  for (const char c : token) {
    if (c == ':') {
      ++colons;
    } else if (!is_hex(c)) {
      return false;
    }
  }
  return colons >= 2;
}

ValueKind kind_of(std::string_view token) {
  if (is_number(token)) return token.find('.') == std::string_view::npos ? ValueKind::integer : ValueKind::floating;
  if (is_ipv4(token)) return ValueKind::ip;
  if (is_uuid(token)) return ValueKind::uuid;
  const Shape shape(token);
  const auto s = shape.view();
  if (s == "0:0" || s == "0:0:0" || s == "0:0:0.0") return ValueKind::time;
  if (is_date(token, s)) return ValueKind::date;
  if (is_hex_colons(token)) {
    return token.size() == 17 && token.find("::") == std::string_view::npos ? ValueKind::mac : ValueKind::ip;
  }
  const auto digits = token.starts_with("0x") || token.starts_with("0X") ? token.substr(2) : token;
  const bool hex = std::all_of(digits.begin(), digits.end(), is_hex);
  if (hex && !digits.empty() && (digits.size() < token.size() || digits.size() >= 6)) return ValueKind::hex;
  if (const std::size_t end = token.find_first_not_of("0123456789."); end != 0 && end != token.npos) {
    if (const auto u = unit(token.substr(end), true); u && end + u->length == token.size()) return u->kind;
  }
  if (s.starts_with("0.0.0") || s.starts_with("v0.0") || s == "v0") return ValueKind::version;
  if (token.find('@') != std::string_view::npos && token.find('.') != std::string_view::npos) return ValueKind::email;
  if (token.find_first_of("/\\") != std::string_view::npos) return ValueKind::path;
  const auto name = token.substr(0, token.find(':'));
  if (const auto dotted = dotted_name(name)) return *dotted;
  return ValueKind::id;
}

}  // namespace mesher::nodes::token
