#include "io/auth/authenticator.hpp"

#include <utility>

#include "graph/base/log.hpp"

namespace mesher::auth {
namespace {

Error refusal() {
  return {ErrorCode::denied, "the API token is unknown, revoked or expired", ""};
}

}  // namespace

Result<std::shared_ptr<const Principal>> Authenticator::authenticate(std::string_view secret) {
  const TokenHash hash = hash_token(secret);
  if (auto principal = recall(hash)) return principal;

  const auto asked_at = clock_.steady();
  auto found = store_.find_token(hash);
  if (!found) return std::move(found).error();
  if (!*found || !same_hash((*found)->hash, hash)) return refusal();
  TokenRecord& record = **found;
  if (record.expires_at && *record.expires_at <= clock_.now()) return refusal();
  touch(record);

  auto principal = std::make_shared<const Principal>(std::move(record.principal));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kRemembered) known_.clear();
  known_.insert_or_assign(hash, Known{principal, record.expires_at, asked_at});
  return principal;
}

std::shared_ptr<const Principal> Authenticator::recall(const TokenHash& hash) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(hash);
  if (at == known_.end()) return nullptr;
  const bool stale = clock_.steady() - at->second.asked_at >= kTrust;
  const bool expired = at->second.expires_at && *at->second.expires_at <= clock_.now();
  if (stale || expired) {
    known_.erase(at);
    return nullptr;
  }
  return at->second.principal;
}

void Authenticator::touch(const TokenRecord& record) {
  const UnixMicros now = clock_.now();
  if (record.last_used_at && now - *record.last_used_at < std::chrono::microseconds(kTouchEvery).count()) return;
  const Status touched = store_.touch_token(record.principal.token_id, now);
  // The answer to the request does not depend on it.
  if (!touched) log::debug("auth", "last use of a token not recorded: {}", touched.error().message);
}

}  // namespace mesher::auth
