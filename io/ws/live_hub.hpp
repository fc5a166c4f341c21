#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/metrics.hpp"
#include "io/http/message.hpp"
#include "io/ws/live_client.hpp"
#include "nodes/ports/broadcaster.hpp"

namespace mesher::ws {

/// Whom a live socket belongs to, and what it may watch.
struct LivePrincipal {
  std::uint32_t user_id = 0;
  bool all_projects = false;
  std::vector<std::uint32_t> project_ids;  ///< sorted or not; ignored with all_projects
};

/// Answers with nothing if the token is none. Called on an I/O thread, must not block; may answer later, from any
/// thread, once. Asked when a socket opens and again at each subscribe, so that revoked tokens and new projects count.
using LiveAuthenticate =
    std::function<void(std::string token, std::function<void(std::optional<LivePrincipal>)> answer)>;

/// Live rooms: GET /api/v1/live upgraded to a WebSocket; clients subscribe to projects, with filters, and get what the
/// graph publishes. Messages: schema/live.md. A slow client loses its oldest frames and is told how many (`dropped`);
/// its queue is bounded in frames and bytes, and nobody waits for it. Frames are shared between clients, never copied.
/// Any thread. Copes with outliving the server and with sockets that outlive it.
class LiveHub final : public nodes::ports::Broadcaster {
 public:
  LiveHub(LiveHubOptions options, LiveAuthenticate authenticate, Metrics& metrics);
  ~LiveHub() override;
  LiveHub(const LiveHub&) = delete;
  LiveHub& operator=(const LiveHub&) = delete;

  void add_routes(http::Router& router);

  /// One relaxed load. May rarely answer true for a project that nobody watches, never false for one that is.
  [[nodiscard]] bool watched(std::uint32_t project_id) const noexcept override;
  void publish_event(const nodes::Event& event, std::shared_ptr<const std::string> message) override;
  void publish(std::uint32_t project_id, std::shared_ptr<const std::string> message) override;

 private:
  class Core;
  class Handler;
  std::shared_ptr<Core> core_;
};

}  // namespace mesher::ws
