#pragma once

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "io/api/api.hpp"
#include "io/cli/database.hpp"
#include "io/notify/notifier.hpp"
#include "io/postgres/alert_keeper.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/health.hpp"
#include "nodes/alerts/engine.hpp"

namespace mesher::cli {

/// Alerts, joined: the engine that decides while events are stored, the keeper that does what time does, and the
/// notifier that tells the world of both.
class Alerting {
 public:
  /// `live` gives a text frame to those who watch a project; it is called between start() and stop() only. `company`:
  /// of other servers; null: there are none.
  Alerting(const Database& database, notify::NotifierOptions options, const Clock& clock, Metrics& metrics,
           postgres::Health& health, notify::Notifier::Live live, postgres::AlertKeeper::AskCompany company);

  /// Reads all rules; to be called before the first event is stored.
  Status load_now() { return keeper_.load_now(); }
  void start();
  /// Ends what sends and watches; again: nothing.
  void stop() { notifier_.stop(); }

  /// For those who store events. What they hold refers to this object.
  [[nodiscard]] postgres::AlertHooks hooks();
  [[nodiscard]] api::AlertServices for_api();

 private:
  const std::string secret_, public_url_;
  nodes::alerts::Engine engine_;
  notify::Notifier notifier_;
  postgres::AlertKeeper keeper_;
};

}  // namespace mesher::cli
