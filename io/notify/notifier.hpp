#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "io/notify/action.hpp"
#include "io/notify/payload.hpp"
#include "io/notify/transport.hpp"
#include "io/postgres/alert_outbox.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"

namespace mesher::notify {

struct NotifierOptions {
  TransportOptions transport;
  std::string secret;      ///< what the webhooks' secrets are sealed with
  std::string public_url;  ///< of links; empty: none
  /// What fires for one place within this time after it was told something is told together.
  std::chrono::milliseconds interval{30'000};
  std::chrono::milliseconds longest_pause{600'000};  ///< between attempts
  std::chrono::seconds give_up_after{24 * 3600};
};

/// Tells the world of alerts, on a thread with a database connection of its own: makes deliveries of what the outbox
/// holds and sends them, many at a time, until they arrive or are given up. An attempt that a crash cut short is made
/// again under the same id. Storage never waits for it.
class Notifier {
 public:
  /// Gives a text frame to all who watch a project.
  using Live = std::function<void(std::uint32_t project_id, std::string message)>;

  Notifier(postgres::ConnectOptions connect, NotifierOptions options, const Clock& clock, Metrics& metrics,
           postgres::Health& health, Live live);
  ~Notifier();  ///< as stop()
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void start();
  void stop();

  /// Alerts have fired or changed: tells watchers, and looks into the outbox. Any thread; does not block. Beyond
  /// kMostAnnounced that wait, watchers are not told of all.
  void announce(std::vector<postgres::StoredAlert> alerts);
  /// There may be something in the outbox. Any thread.
  void wake_up();

  static constexpr std::size_t kMostAnnounced = 2000;

 private:
  void run(const std::stop_token& stop);
  Status work(const std::stop_token& stop);
  Status tell_watchers(postgres::Connection& connection);
  Status gather(postgres::Connection& connection);
  Status gather_one(postgres::Connection& connection, const postgres::ReadyChannel& ready);
  Status send_due(postgres::Connection& connection);
  void send(postgres::DueDelivery delivery);
  void send_webhook(const postgres::DueDelivery& delivery, const Action& action, Transport::Done done);
  Status note_outcomes(postgres::Connection& connection);
  [[nodiscard]] std::chrono::milliseconds pause_after(std::int64_t attempts, const Outcome& outcome);

  struct Ended {
    postgres::DueDelivery delivery;
    UnixMicros began = 0;
    Outcome outcome;
  };

  const postgres::ConnectOptions connect_;
  const NotifierOptions options_;
  const Clock& clock_;
  postgres::Health& health_;
  const Live live_;
  Counter& delivered_;
  Counter& failed_;
  Counter& retried_;
  Histogram& seconds_;
  Transport transport_;
  std::vector<Ended> ended_;  // of the thread

  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::vector<postgres::StoredAlert> announced_;  // guarded by mutex_
  std::atomic<bool> look_{true};                  // relaxed: a hint to look now instead of a little later
  std::jthread thread_;
};

/// A message of these alerts, as the rows say.
[[nodiscard]] Message message_of(std::vector<postgres::AlertRow> alerts, const std::string& base_url);

/// What is sent apart: to PagerDuty each alert, as an incident of its rule and key is opened and closed alone (of
/// several alerts of one incident the latest); to all others everything together.
[[nodiscard]] std::vector<Message> parts_of(Message message, const Action& action);

/// A delivery of `kind` ("alerts" or "test") of the message by the action.
[[nodiscard]] postgres::NewDelivery delivery_of(const Message& message, const Action& action, std::int64_t rule_id,
                                                const std::string& kind);

}  // namespace mesher::notify
