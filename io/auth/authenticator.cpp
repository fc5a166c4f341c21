#include "io/auth/authenticator.hpp"

#include <utility>

#include "graph/base/log.hpp"

namespace mesher::auth {
namespace {

Error refusal(bool session) {
  return {ErrorCode::denied,
          session ? "the session has ended: sign in" : "the API token is unknown, revoked or expired", ""};
}

}  // namespace

Result<std::shared_ptr<const Principal>> Authenticator::authenticate(std::string_view secret) {
  const TokenHash hash = hash_token(secret);
  if (auto principal = recall(hash)) return principal;

  const bool session = is_session_secret(secret);
  const auto asked_at = clock_.steady();
  auto found = session ? store_.find_session(hash) : store_.find_token(hash);
  if (!found) return std::move(found).error();
  if (!*found || !same_hash((*found)->hash, hash)) return refusal(session);
  TokenRecord& record = **found;
  if (has_ended(record)) return refusal(session);
  if (session) record.principal.csrf_token = csrf_token_of(secret);
  note_use(record);
  record.principal.expires_at = record.expires_at;

  auto principal = std::make_shared<const Principal>(std::move(record.principal));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kRemembered) known_.clear();
  known_.insert_or_assign(hash, Known{principal, record.expires_at, asked_at});
  return principal;
}

bool Authenticator::has_ended(const TokenRecord& record) const {
  const UnixMicros now = clock_.now();
  if (record.expires_at && *record.expires_at <= now) return true;
  const bool session = record.principal.session_id != 0;
  return session && now - record.last_used_at.value_or(0) >= std::chrono::microseconds(session_idle_).count();
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

void Authenticator::note_use(const TokenRecord& record) {
  const UnixMicros now = clock_.now();
  if (record.last_used_at && now - *record.last_used_at < std::chrono::microseconds(kTouchEvery).count()) return;
  const std::lock_guard lock(mutex_);
  if (record.principal.session_id != 0) {
    used_sessions_[record.principal.session_id] = now;
  } else {
    used_tokens_[record.principal.token_id] = now;
  }
}

void Authenticator::record_uses() {
  std::map<std::uint32_t, UnixMicros> tokens;
  std::map<std::int64_t, UnixMicros> sessions;
  {
    const std::lock_guard lock(mutex_);
    if (used_tokens_.empty() && used_sessions_.empty()) return;
    tokens.swap(used_tokens_);
    sessions.swap(used_sessions_);
  }
  // Nothing depends on it: what fails is left out.
  const auto told = [](const Status& status) {
    if (!status) log::debug("auth", "a last use is not recorded: {}", status.error().message);
  };
  for (const auto& [id, at] : tokens) told(store_.touch_token(id, at));
  for (const auto& [id, at] : sessions) told(store_.touch_session(id, at));
}

void Authenticator::forget() {
  const std::lock_guard lock(mutex_);
  known_.clear();
}

}  // namespace mesher::auth
