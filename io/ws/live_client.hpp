#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/base/metrics.hpp"
#include "io/http/message.hpp"
#include "io/ws/live_filter.hpp"
#include "io/ws/live_flusher.hpp"

namespace mesher::ws {

struct LiveHubOptions {
  std::size_t max_sockets = 10'000;
  std::size_t max_sockets_per_user = 500;
  std::size_t max_subscriptions = 100;  ///< of one socket
  std::size_t queue_frames = 500;       ///< waiting for one client; beyond, it loses its oldest
  std::size_t queue_bytes = 2 * 1024 * 1024;
  std::size_t remembered = 65'536;                 ///< events whose order is kept for clients that come back
  std::size_t max_resumed = 1'000;                 ///< events that are told again at most
  std::chrono::milliseconds pause{20};             ///< between two writes to a client that gets much
  std::chrono::milliseconds update_interval{500};  ///< between two updates of an issue
  std::vector<std::string> allowed_origins = {};   ///< whose pages may use a session beside our own
};

/// A message of the server's: `{"type":…,"id":…` and `more`, which begins with a comma, and the closing brace.
[[nodiscard]] std::shared_ptr<const std::string> live_frame(std::string_view type, std::string_view id,
                                                            std::string_view more = {});

/// One socket's side: its subscriptions and what waits for it. Any thread. `options`, flusher and counters must outlive
/// it.
class LiveClient : public std::enable_shared_from_this<LiveClient> {
 public:
  using Text = std::shared_ptr<const std::string>;

  LiveClient(const LiveHubOptions& options, LiveFlusher& flusher, std::string token, Counter& sent, Counter& dropped)
      : token(std::move(token)), options_(options), flusher_(flusher), sent_(sent), dropped_total_(dropped) {}

  void open(std::shared_ptr<http::Socket> socket);
  /// Forgets the socket and what waits. Subscriptions stay until the hub has forgotten them.
  void close();
  /// Ends the socket from our side.
  void dismiss(std::string_view reason);
  [[nodiscard]] bool is_open() const;
  /// While a request of the client's is being decided on, nothing further is read from it: keeps the order.
  void pause(bool paused);

  /// Queues an answer to a request of the client's; these are never dropped. Who does not read them is not read from.
  void answer(Text text);
  /// Queues what was published; beyond the bounds the oldest goes, and the client is told. The first after a while goes
  /// out at once, what follows shortly after together.
  void offer(const Text& text);
  void flush();
  /// The socket has room again.
  void send_more();

  /// What is published waits until end_resume(), once for each begin_resume(); what was missed goes first.
  void begin_resume();
  void end_resume(std::vector<Text> missed);

  struct Subscription {
    std::uint32_t project_id = 0;
    LiveFilter filter;
    std::uint64_t serial = 0;  ///< later ones are larger
    std::uint64_t from = 0;    ///< its events are those behind this position
    bool stored = false;       ///< it was told what was stored behind its `since`, whatever the position
  };
  /// Guarded by the hub's lock.
  std::map<std::string, Subscription> subscriptions;
  const std::string token;

 private:
  // All under mutex_.
  void queue(const Text& text);
  void update_reading();
  void send();
  [[nodiscard]] bool send_next();

  const LiveHubOptions& options_;
  LiveFlusher& flusher_;
  Counter& sent_;
  Counter& dropped_total_;
  mutable std::mutex mutex_;  // guards the rest
  std::shared_ptr<http::Socket> socket_;
  std::deque<Text> events_, answers_, missed_;
  std::size_t bytes_ = 0;  ///< of events_
  std::uint64_t dropped_ = 0;
  std::uint32_t resuming_ = 0;
  std::chrono::steady_clock::time_point sent_at_{};
  bool asking_ = false, flush_waits_ = false;
};

}  // namespace mesher::ws
