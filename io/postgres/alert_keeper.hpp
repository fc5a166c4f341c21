#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/alert_store.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "nodes/alerts/engine.hpp"

namespace mesher::postgres {

/// Keeps the engine's rules up to date and does what happens to alerts although no event comes, on one thread with a
/// connection of its own: loads rules and open alerts when they change (notified on kAlertsChannel, and asked for every
/// few seconds), fills new windows from the stored events, compares windows with those of a day or a week ago, fires
/// what a cooldown held back, resolves what is over, and removes what is old. One timer for all rules.
///
/// Windows count what this server stores. Among several servers one leads: it fills its windows anew from what all have
/// stored, every few seconds, and does what time does; the others fire what they can tell by themselves. Should two
/// think for a moment that they lead, an alert is stored once all the same.
class AlertKeeper {
 public:
  /// Called by the thread with the alerts that it has fired or resolved.
  using Changed = std::function<void(std::vector<StoredAlert> alerts)>;
  /// Whether other servers store events too, and whether this one leads.
  struct Company {
    bool others = false, leads = true;
  };
  using AskCompany = std::function<Company()>;

  AlertKeeper(ConnectOptions options, nodes::alerts::Engine& engine, const Clock& clock, Health& health,
              Changed changed, AskCompany company = nullptr);
  ~AlertKeeper();  ///< stops the thread
  AlertKeeper(const AlertKeeper&) = delete;
  AlertKeeper& operator=(const AlertKeeper&) = delete;

  /// Reads all rules once, on the caller's thread, so that no event is stored without them. Windows are filled later.
  Status load_now();
  void start();
  /// Has the project's rules and open alerts read again, soon. Any thread.
  void reload(std::uint32_t project_id);

 private:
  using Windows = std::vector<nodes::alerts::Engine::WindowKey>;

  void run(const std::stop_token& stop);
  Status keep(const std::stop_token& stop);
  enum class Kept : std::uint8_t { filled_windows, nothing };
  Status load(Connection& connection, std::uint32_t project_id, Kept kept = Kept::filled_windows);
  Result<Windows> exchange(Connection& connection, std::uint32_t project_id, Kept kept);
  Status fill(Connection& connection, const Windows& windows);
  Result<bool> lead(Connection& connection);
  Status tick(Connection& connection);
  Status fire_overdue(Connection& connection, UnixMicros now);
  Status compare_with_past(Connection& connection, UnixMicros now);
  Status look_for_changes(Connection& connection);
  void tell(std::vector<StoredAlert> alerts);

  const ConnectOptions options_;
  nodes::alerts::Engine& engine_;
  const Clock& clock_;
  Health& health_;
  const Changed changed_;
  const AskCompany company_;

  // Of the thread (and of load_now(), before it).
  std::set<std::uint32_t> projects_;            // that have rules
  std::vector<nodes::alerts::Rule> comparing_;  // rules of percent_change
  std::int64_t version_ = 0;
  unsigned ticks_ = 0;
  bool whole_ = true;  // the windows hold what others have stored, too
  std::chrono::steady_clock::time_point refill_at_{};

  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::set<std::uint32_t> to_reload_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace mesher::postgres
