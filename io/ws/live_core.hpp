#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "graph/base/metrics.hpp"
#include "io/ws/live_client.hpp"
#include "io/ws/live_hub.hpp"
#include "io/ws/live_past.hpp"
#include "io/ws/live_room.hpp"

namespace mesher::ws {

/// The rooms and who is in them, shared by the hub and its sockets. Any thread. Lock order: mutex_, a room's, a
/// client's.
class LiveCore : public std::enable_shared_from_this<LiveCore> {
 public:
  using Text = LiveClient::Text;

  LiveCore(LiveHubOptions options, LiveAuthenticate authenticate, LiveHistory history, Metrics& metrics);

  /// A place for one more socket of the user; false: there are too many of them.
  [[nodiscard]] bool take_place(std::uint32_t user_id);
  void give_place(std::uint32_t user_id);

  /// Rights that were asked for before this number changed may be out of date.
  [[nodiscard]] std::uint64_t rights_epoch() const { return rights_epoch_.load(); }

  enum class Entry : std::uint8_t { done, stale, too_many };
  /// The client's rights are looked after from now on. Stale: ask for them again.
  Entry enter(const std::shared_ptr<LiveClient>& client, const LivePrincipal& principal, std::uint64_t epoch);
  /// Queues `answer` before anything that the subscription lets through, and what the client has missed before that.
  Entry subscribe(const std::shared_ptr<LiveClient>& client, const LiveRequest& request, const Text& answer,
                  std::uint64_t epoch);
  bool unsubscribe(const std::shared_ptr<LiveClient>& client, const std::string& id);
  void leave(const std::shared_ptr<LiveClient>& client);

  [[nodiscard]] bool watched(std::uint32_t project) const noexcept {
    return watchers_[project % kWatchSlots].load(std::memory_order_relaxed) > 0;
  }
  void publish_event(const nodes::Event& event, std::uint64_t position, const Text& text);
  void publish(std::uint32_t project, const Text& text);

  void check_rights(const LiveRecheck& ask);
  [[nodiscard]] std::optional<UnixMicros> next_expiry() const;

  const LiveHubOptions options;
  const LiveAuthenticate authenticate;
  LiveOrder order;
  LiveFlusher flusher;
  Gauge& sockets;
  Gauge& subscriptions;
  Counter& sent;
  Counter& dropped;
  Counter& dismissed;
  Counter& resumed;

 private:
  static constexpr std::size_t kWatchSlots = 4096;
  using Rooms = std::unordered_map<std::uint32_t, LiveRoom>;

  // Under mutex_, exclusively.
  void drop(LiveClient& client, const std::string& id);
  void changed(std::uint32_t project, std::size_t watchers_before, std::size_t watchers_after);
  /// What a subscription has missed, as far as the order of events tells.
  using Missed = std::optional<LiveOrder::Missed>;
  void resume(const std::shared_ptr<LiveClient>& client, const LiveRequest& request, const Missed& missed);
  void tell_missed(LiveClient& client, const LiveRequest& request, const Missed& missed, const LivePast& past);
  [[nodiscard]] std::vector<Text> missed_texts(LiveClient& client, const LiveRequest& request, const Missed& missed,
                                               const LivePast& past);

  const LiveHistory history_;
  mutable std::shared_mutex mutex_;  // the rest, but for atomics
  Rooms rooms_;
  std::unordered_map<std::shared_ptr<LiveClient>, std::optional<UnixMicros>> clients_;  ///< and their secrets' ends
  std::map<std::uint32_t, std::size_t> places_;                                         ///< by user
  std::uint64_t last_serial_ = 0;
  std::atomic<std::uint64_t> rights_epoch_{0};
  // Watchers in the rooms of each slot's projects, so that watched() needs no lock. Relaxed: a watcher that has just
  // come may miss the event of the same microsecond.
  std::array<std::atomic<std::uint32_t>, kWatchSlots> watchers_{};
};

[[nodiscard]] bool may_watch(const LivePrincipal& principal, std::uint32_t project);

}  // namespace mesher::ws
