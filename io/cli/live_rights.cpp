#include "io/cli/live_rights.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mesher::cli {

LiveRights::LiveRights(postgres::ConnectOptions options, const Clock& clock, postgres::Health& health,
                       std::chrono::seconds session_idle, auth::Authenticator& authenticator, ws::LiveHub& hub,
                       ws::TapHub& taps)
    : session_idle_(session_idle),
      authenticator_(authenticator),
      hub_(hub),
      taps_(taps),
      watch_(
          std::move(options), clock, health, [this](postgres::Connection& connection) { check(connection); },
          [this] { return next_expiry(); }) {}

std::optional<UnixMicros> LiveRights::next_expiry() const {
  const auto live = hub_.next_expiry(), tap = taps_.next_expiry();
  return live && tap ? std::min(*live, *tap) : live ? live : tap;
}

void LiveRights::check(postgres::Connection& connection) {
  authenticator_.forget();
  const ws::LiveRecheck ask = [&](const std::vector<std::string>& secrets) {
    std::optional<std::unordered_map<std::string, ws::LivePrincipal>> principals;
    auto rights = postgres::live_rights(connection, secrets, session_idle_);
    if (!rights) return principals;
    principals.emplace();
    for (auto& [secret, now] : *rights) {
      principals->emplace(secret, ws::LivePrincipal{now.user_id, false, std::move(now.project_ids), now.expires_at,
                                                    now.instance_owner});
    }
    return principals;
  };
  hub_.check_rights(ask);
  taps_.check_rights(ask);
}

}  // namespace mesher::cli
