#pragma once

#include <chrono>
#include <optional>

#include "graph/base/clock.hpp"
#include "io/auth/authenticator.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "io/postgres/rights_watch.hpp"
#include "io/ws/live_hub.hpp"
#include "io/ws/tap_hub.hpp"

namespace mesher::cli {

/// Closes sockets, of the live stream and of taps, whose rights have ended, and ends what they may no longer see,
/// within a second of whatever changed the rights.
class LiveRights {
 public:
  LiveRights(postgres::ConnectOptions options, const Clock& clock, postgres::Health& health,
             std::chrono::seconds session_idle, auth::Authenticator& authenticator, ws::LiveHub& hub, ws::TapHub& taps);

  void start() { watch_.start(); }

 private:
  void check(postgres::Connection& connection);
  [[nodiscard]] std::optional<UnixMicros> next_expiry() const;

  const std::chrono::seconds session_idle_;
  auth::Authenticator& authenticator_;
  ws::LiveHub& hub_;
  ws::TapHub& taps_;
  postgres::RightsWatch watch_;
};

}  // namespace mesher::cli
