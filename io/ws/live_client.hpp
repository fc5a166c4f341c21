#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/metrics.hpp"
#include "io/http/message.hpp"
#include "io/ws/live_filter.hpp"
#include "nodes/event.hpp"

namespace mesher::ws {

struct LiveHubOptions {
  std::size_t max_sockets = 10'000;
  std::size_t max_subscriptions = 100;  ///< of one socket
  std::size_t queue_frames = 500;       ///< waiting for one client; beyond, it loses its oldest
  std::size_t queue_bytes = 2 * 1024 * 1024;
  std::vector<std::string> allowed_origins = {};  ///< whose pages may use a session beside our own
};

/// A message of the server's: `{"type":…,"id":…` and `more`, which begins with a comma, and the closing brace.
[[nodiscard]] std::shared_ptr<const std::string> live_frame(std::string_view type, std::string_view id,
                                                            std::string_view more = {});

/// One socket's side: its subscriptions and what waits for it. Any thread. `options` and counters must outlive it.
class LiveClient {
 public:
  using Text = std::shared_ptr<const std::string>;

  LiveClient(const LiveHubOptions& options, std::string token, Counter& sent, Counter& dropped)
      : token(std::move(token)), options_(options), sent_(sent), dropped_total_(dropped) {}

  void open(std::shared_ptr<http::Socket> socket);
  /// Forgets the socket and what waits. Subscriptions stay until forget_all().
  void close();
  [[nodiscard]] bool is_open() const;
  /// While a request of the client's is being decided on, nothing further is read from it: keeps the order.
  void pause(bool paused);

  /// Queues an answer to a request of the client's; these are never dropped. Who does not read them is not read from.
  void answer(Text text);
  /// Queues what was published; beyond the bounds the oldest goes, and the client is told.
  void offer(const Text& text);
  void offer_event(const nodes::Event& event, const Text& text);
  /// The socket has room again.
  void send_more();

  // For the rooms, under their lock.

  /// `replaced`: the project of the subscription of this id before. False if there are too many.
  bool subscribe(const LiveRequest& request, std::optional<std::uint32_t>& replaced);
  /// The project of the subscription that is no more; nothing if there was none.
  std::optional<std::uint32_t> unsubscribe(const std::string& id);
  [[nodiscard]] bool subscribed_to(std::uint32_t project) const;
  /// How many subscriptions there were.
  std::int64_t forget_all();

  const std::string token;

 private:
  struct Subscription {
    std::uint32_t project_id = 0;
    LiveFilter filter;
  };

  // All three under mutex_.
  void queue(const Text& text);
  void update_reading();
  void send();

  const LiveHubOptions& options_;
  Counter& sent_;
  Counter& dropped_total_;
  mutable std::mutex mutex_;  // guards the rest
  std::shared_ptr<http::Socket> socket_;
  std::map<std::string, Subscription> subscriptions_;
  std::deque<Text> events_, answers_;
  std::size_t bytes_ = 0;  ///< of events_
  std::uint64_t dropped_ = 0;
  bool asking_ = false;
};

}  // namespace mesher::ws
