#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// What the name of a value says about it.
enum class KeyKind : std::uint8_t {
  plain,
  sensitive,  ///< the value is replaced, whatever it is
  grouping,   ///< names of code (function, module, type, …): texts like `setPassword:confirm:` are no secrets
  source,     ///< lines of source code: `password = read()` is no secret, `password = "x"` is
};

/// Which names are sensitive for one project. Immutable, any thread.
///
/// Names are compared without case and separators; word by word (`authToken`, `X-Auth-Token`, `auth_token` are the
/// words auth, token). Some words make any name sensitive (token: `csrf_token`, yes; `tokenizer`, no), some only when
/// they are the whole name (`session`, `pin`).
class ScrubRules {
 public:
  explicit ScrubRules(const ports::ScrubSettings& settings);

  [[nodiscard]] KeyKind kind_of(std::string_view key) const;
  [[nodiscard]] bool sensitive(std::string_view name) const;
  /// Sensitive also in prose (`password: x`); a mere "token:" or "auth:" is not, error messages are full of them.
  [[nodiscard]] bool sensitive_in_prose(std::string_view name) const;
  /// Differs between any two rules made in this process.
  [[nodiscard]] std::uint64_t id() const { return id_; }

 private:
  std::vector<std::string> extra_;  ///< normalised
  std::vector<std::string> safe_;
  bool ip_addresses_;
  std::uint64_t id_;
};

/// Verdicts on names seen lately: payloads repeat the same few dozen. Not thread-safe; forgets when the rules change.
class KeyCache {
 public:
  /// `end` is how far memory behind the key can be read.
  [[nodiscard]] KeyKind kind_of(std::string_view key, const char* end, const ScrubRules& rules);

 private:
  struct Entry {
    std::uint64_t low = 0, high = 0;
    std::uint8_t size = 0;
    KeyKind kind = KeyKind::plain;
  };
  std::array<Entry, 4096> entries_{};
  std::uint64_t rules_ = 0;
};

}  // namespace mesher::nodes
