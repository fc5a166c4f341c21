#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "io/http/message.hpp"
#include "io/ws/live_client.hpp"
#include "io/ws/live_past.hpp"
#include "io/ws/update_pacer.hpp"
#include "nodes/ports/broadcaster.hpp"

namespace mesher::ws {

class LiveCore;

/// Whom a live socket belongs to, and what it may watch.
struct LivePrincipal {
  std::uint32_t user_id = 0;
  bool all_projects = false;
  std::vector<std::uint32_t> project_ids;  ///< sorted or not; ignored with all_projects
  std::optional<UnixMicros> expires_at = std::nullopt;
  bool instance_owner = false;
};

/// Answers with nothing if the token is none. Called on an I/O thread, must not block; may answer later, from any
/// thread, once. Asked when a socket opens and again at each subscribe, so that revoked tokens and new projects count.
using LiveAuthenticate =
    std::function<void(std::string token, std::function<void(std::optional<LivePrincipal>)> answer)>;

/// Asks for all of these secrets again; those that are no good any more are missing in the answer. Nothing: nobody can
/// be asked now. Blocks.
using LiveRecheck = std::function<std::optional<std::unordered_map<std::string, LivePrincipal>>(
    const std::vector<std::string>& tokens)>;

/// Live rooms: GET /api/v1/live upgraded to a WebSocket; clients subscribe to projects, with filters, and get what the
/// graph publishes. Messages: schema/live.md. A slow client loses its oldest frames and is told how many (`dropped`);
/// its queue is bounded in frames and bytes, and nobody waits for it. Frames are shared between clients, never copied.
/// Any thread. Copes with outliving the server and with sockets that outlive it.
class LiveHub final : public nodes::ports::Broadcaster {
 public:
  LiveHub(LiveHubOptions options, LiveAuthenticate authenticate, LiveHistory history, Metrics& metrics);
  ~LiveHub() override;
  LiveHub(const LiveHub&) = delete;
  LiveHub& operator=(const LiveHub&) = delete;

  void add_routes(http::Router& router);

  /// One relaxed load. May rarely answer true for a project that nobody watches, never false for one that is.
  [[nodiscard]] bool watched(std::uint32_t project_id) const noexcept override;
  std::uint64_t note(std::span<const nodes::Event> events) override;
  void publish_event(const nodes::Event& event, std::uint64_t position,
                     std::shared_ptr<const std::string> message) override;
  void update(const nodes::IssueChange& change) override;
  void publish(std::uint32_t project_id, std::shared_ptr<const std::string> message) override;

  /// To be called when rights may have changed, and when next_expiry() has come: sockets of secrets that are no good
  /// any more are closed, subscriptions to projects that can't be seen any more end. Calls `ask` on this thread.
  void check_rights(const LiveRecheck& ask);
  /// When the first of the secrets in use expires, if any does.
  [[nodiscard]] std::optional<UnixMicros> next_expiry() const;

 private:
  class Handler;
  std::shared_ptr<LiveCore> core_;
  UpdatePacer pacer_;
};

}  // namespace mesher::ws
