#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
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
  [[nodiscard]] KeyKind kind_of(std::string_view key, const char* end, const ScrubRules& rules) {
    if (key.size() > 16 || key.empty() || rules_ != rules.id()) return look_up(key, rules);
    std::array<std::uint64_t, 2> bytes{};
    if (std::endian::native == std::endian::little && key.data() + 16 <= end) {
      std::memcpy(bytes.data(), key.data(), 16);
      const std::size_t bits = 8 * key.size();
      bytes[0] &= bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
      bytes[1] &= bits <= 64 ? 0 : ~std::uint64_t{0} >> (128 - bits);
    } else {
      std::memcpy(bytes.data(), key.data(), key.size());
    }
    const std::uint64_t hash = (bytes[0] ^ (bytes[1] * 0x9E3779B97F4A7C15U) ^ key.size()) * 0xD6E8FEB86659FD93U;
    auto& entry = entries_[hash >> 55];
    if (entry.size != key.size() || entry.low != bytes[0] || entry.high != bytes[1]) {
      entry = {bytes[0], bytes[1], static_cast<std::uint8_t>(key.size()), look_up(key, rules)};
    }
    return entry.kind;
  }

 private:
  struct Entry {
    std::uint64_t low = 0, high = 0;
    std::uint8_t size = 0;
    KeyKind kind = KeyKind::plain;
  };
  KeyKind look_up(std::string_view key, const ScrubRules& rules);

  std::array<Entry, 512> entries_{};  // stays in the nearest cache
  std::uint64_t rules_ = 0;
};

}  // namespace mesher::nodes
