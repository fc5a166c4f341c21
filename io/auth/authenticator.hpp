#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/auth/principal.hpp"
#include "io/auth/token.hpp"

namespace mesher::auth {

/// A token as stored, with the rights of its user at that moment.
struct TokenRecord {
  TokenHash hash{};
  Principal principal;
  std::optional<UnixMicros> expires_at;
  std::optional<UnixMicros> last_used_at;
};

/// Where tokens are kept; io/postgres implements it. Calls block; any thread.
class TokenStore {
 public:
  virtual ~TokenStore() = default;
  /// Nothing: no such token. Error: unavailable.
  virtual Result<std::optional<TokenRecord>> find_token(const TokenHash& hash) = 0;
  virtual Status touch_token(std::uint32_t token_id, UnixMicros used_at) = 0;
};

/// Turns secrets into principals. What the store said is believed for kTrust, so that a revoked token, a changed role
/// or a lost membership takes effect well within a second. Unknown tokens are not remembered: a fresh one works at
/// once. Any thread; blocks while it asks the store, without holding the lock.
class Authenticator {
 public:
  static constexpr std::chrono::milliseconds kTrust{500};
  static constexpr std::chrono::minutes kTouchEvery{1};
  static constexpr std::size_t kRemembered = 1024;  ///< tokens; over it all are forgotten

  Authenticator(TokenStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  /// Errors: denied (no such token, or it has expired), unavailable (the store is away).
  [[nodiscard]] Result<std::shared_ptr<const Principal>> authenticate(std::string_view secret);

 private:
  struct Known {
    std::shared_ptr<const Principal> principal;
    std::optional<UnixMicros> expires_at;
    std::chrono::steady_clock::time_point asked_at;
  };
  [[nodiscard]] std::shared_ptr<const Principal> recall(const TokenHash& hash);
  void touch(const TokenRecord& record);

  TokenStore& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<TokenHash, Known> known_;  // guarded by mutex_
};

}  // namespace mesher::auth
