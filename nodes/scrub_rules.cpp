#include "nodes/scrub_rules.hpp"

#include <algorithm>
#include <atomic>

namespace mesher::nodes {
namespace {

/// A name with one of these as a word of it is sensitive.
constexpr std::string_view kWords[] = {
    "password", "passwd", "passphrase",    "passcode",    "pwd",     "secret", "secrets", "token", "jwt",
    "auth",     "oauth",  "authorization", "cookie",      "cookies", "csrf",   "xsrf",    "ssn",   "cvv",
    "cvc",      "cvv2",   "credential",    "credentials", "apikey",  "bearer", "sessid"};

/// A name that is exactly this.
constexpr std::string_view kWhole[] = {"pass", "session", "sid", "pin", "otp", "iban", "authentication", "connectsid"};

/// A name that contains this once case and separators are gone.
constexpr std::string_view kParts[] = {
    "password",       "passwd",    "passphrase",   "apikey",       "apitoken",   "apisecret",  "accesstoken",
    "refreshtoken",   "authtoken", "accesskey",    "secretkey",    "privatekey", "signingkey", "encryptionkey",
    "authkey",        "sshkey",    "clientsecret", "creditcard",   "cardnumber", "ccnumber",   "securitycode",
    "socialsecurity", "sessionid", "sessionkey",   "sessiontoken", "phpsessid",  "jsessionid", "setcookie"};

/// A word that ends with this.
constexpr std::string_view kEndings[] = {"token", "secret", "password", "passwd", "cookie", "apikey", "pwd"};

/// Of the single words, those that mean the same in prose.
constexpr std::string_view kProse[] = {"password", "passwd", "passphrase", "passcode",      "pwd",    "secret",   "ssn",
                                       "cvv",      "cvc",    "apikey",     "authorization", "cookie", "setcookie"};

/// Names that hold addresses, for projects that want none.
constexpr std::string_view kAddresses[] = {"ipaddress", "remoteaddr", "xforwardedfor",  "xrealip",
                                           "clientip",  "forwarded",  "cfconnectingip", "trueclientip",
                                           "ip",        "xclientip",  "remoteip"};

constexpr std::size_t kLongest = 192;  ///< of a name: what comes behind is not looked at

/// A name in lower case without separators, and where its words begin.
struct Name {
  std::array<char, kLongest> letters{};
  std::array<std::uint8_t, kLongest + 1> starts{};
  std::size_t size = 0;
  std::size_t words = 0;

  explicit Name(std::string_view text) {
    bool boundary = true;
    char before = '\0';
    for (const char c : text.substr(0, kLongest)) {
      const bool upper = c >= 'A' && c <= 'Z';
      const bool letter =
          upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
      if (!letter) {
        boundary = true;
        before = '\0';
        continue;
      }
      if (upper && before >= 'a' && before <= 'z') boundary = true;
      if (boundary) starts[words++] = static_cast<std::uint8_t>(size);
      boundary = false;
      letters[size++] = upper ? static_cast<char>(c + 32) : c;
      before = c;
    }
    starts[words] = static_cast<std::uint8_t>(size);
  }

  [[nodiscard]] std::string_view flat() const { return {letters.data(), size}; }
  [[nodiscard]] std::string_view word(std::size_t i) const {
    return {letters.data() + starts[i], static_cast<std::size_t>(starts[i + 1] - starts[i])};
  }
  /// `part` occurs from the beginning of a word to the end of one.
  [[nodiscard]] bool has_words(std::string_view part) const {
    for (std::size_t i = 0; i < words; ++i) {
      if (flat().compare(starts[i], part.size(), part) != 0) continue;
      for (std::size_t j = i + 1; j <= words; ++j) {
        if (starts[j] == starts[i] + part.size()) return true;
      }
    }
    return false;
  }
};

template <class List>
bool contains(const List& list, std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool built_in(const Name& name) {
  const auto flat = name.flat();
  if (contains(kWhole, flat)) return true;
  for (std::size_t i = 0; i < name.words; ++i) {
    const auto word = name.word(i);
    if (contains(kWords, word)) return true;
    for (const auto ending : kEndings) {
      if (ends_with(word, ending)) return true;
    }
  }
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [&](std::string_view part) { return flat.find(part) != std::string_view::npos; });
}

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

ScrubRules::ScrubRules(const ports::ScrubSettings& settings) : ip_addresses_(settings.ip_addresses), id_(next_id()) {
  const auto normalise = [](const std::vector<std::string>& from, std::vector<std::string>& to) {
    for (const auto& key : from) {
      const Name name(key);
      if (name.size > 0) to.emplace_back(name.flat());
    }
  };
  normalise(settings.keys, extra_);
  normalise(settings.safe_keys, safe_);
}

bool ScrubRules::sensitive(std::string_view text) const {
  const Name name(text);
  if (name.size == 0) return false;
  if (!safe_.empty() && contains(safe_, name.flat())) return false;
  if (built_in(name)) return true;
  for (const auto& key : extra_) {
    if (name.has_words(key)) return true;
  }
  return ip_addresses_ && contains(kAddresses, name.flat());
}

bool ScrubRules::sensitive_in_prose(std::string_view text) const {
  const Name name(text);
  if (!sensitive(text)) return false;
  if (name.words > 1 || contains(kProse, name.flat())) return true;
  if (std::any_of(std::begin(kParts), std::end(kParts),
                  [&](std::string_view part) { return name.flat().find(part) != std::string_view::npos; })) {
    return true;
  }
  return contains(extra_, name.flat()) || (ip_addresses_ && contains(kAddresses, name.flat()));
}

KeyKind ScrubRules::kind_of(std::string_view key) const {
  constexpr std::string_view kGrouping[] = {"function", "raw_function", "module",      "type",    "filename",
                                            "abs_path", "package",      "fingerprint", "culprit", "symbol"};
  constexpr std::string_view kSource[] = {"context_line", "pre_context", "post_context"};
  if (contains(kGrouping, key)) return KeyKind::grouping;
  if (contains(kSource, key)) return KeyKind::source;
  return sensitive(key) ? KeyKind::sensitive : KeyKind::plain;
}

KeyKind KeyCache::look_up(std::string_view key, const ScrubRules& rules) {
  if (rules_ != rules.id()) {
    entries_.fill({});
    rules_ = rules.id();
  }
  return rules.kind_of(key);
}

}  // namespace mesher::nodes
