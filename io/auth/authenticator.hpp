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

/// A token or session as stored, with the rights of its user at that moment.
struct TokenRecord {
  TokenHash hash{};
  Principal principal;
  std::optional<UnixMicros> expires_at;
  std::optional<UnixMicros> last_used_at;
};

/// Where tokens and sessions are kept; io/postgres implements it. Calls block; any thread.
class TokenStore {
 public:
  virtual ~TokenStore() = default;
  /// Nothing: no such token. Error: unavailable.
  virtual Result<std::optional<TokenRecord>> find_token(const TokenHash& hash) = 0;
  virtual Result<std::optional<TokenRecord>> find_session(const TokenHash& hash) = 0;
  virtual Status touch_token(std::uint32_t token_id, UnixMicros used_at) = 0;
  virtual Status touch_session(std::int64_t session_id, UnixMicros used_at) = 0;
};

/// Turns secrets into principals. What the store said is believed for kTrust, so that a revoked token, a changed role
/// or a lost membership takes effect well within a second, and at once on the node that made the change (forget()).
/// Unknown secrets are not remembered: a fresh one works at once. Any thread; blocks while it asks the store, without
/// holding the lock.
class Authenticator {
 public:
  static constexpr std::chrono::milliseconds kTrust{500};
  static constexpr std::chrono::minutes kTouchEvery{1};
  static constexpr std::size_t kRemembered = 1024;  ///< secrets; over it all are forgotten

  /// `session_idle`: a session that was not used for so long has ended.
  Authenticator(TokenStore& store, const Clock& clock, std::chrono::seconds session_idle = std::chrono::hours(14 * 24))
      : store_(store), clock_(clock), session_idle_(session_idle) {}

  /// Errors: denied (no such token or session, or it has ended), unavailable (the store is away).
  [[nodiscard]] Result<std::shared_ptr<const Principal>> authenticate(std::string_view secret);

  /// Tells the store which tokens and sessions were used, each at most once in kTouchEvery. Blocks: to be called when
  /// the request has been answered.
  void record_uses();

  /// Forgets what the store said: the next request asks anew. After every change of tokens, sessions and rights.
  void forget();

 private:
  struct Known {
    std::shared_ptr<const Principal> principal;
    std::optional<UnixMicros> expires_at;
    std::chrono::steady_clock::time_point asked_at;
  };
  [[nodiscard]] std::shared_ptr<const Principal> recall(const TokenHash& hash);
  [[nodiscard]] bool has_ended(const TokenRecord& record) const;
  void note_use(const TokenRecord& record);

  TokenStore& store_;
  const Clock& clock_;
  const std::chrono::seconds session_idle_;
  std::mutex mutex_;
  std::map<TokenHash, Known> known_;                 // guarded by mutex_, as those below
  std::map<std::uint32_t, UnixMicros> used_tokens_;  // to be told to the store
  std::map<std::int64_t, UnixMicros> used_sessions_;
};

}  // namespace mesher::auth
