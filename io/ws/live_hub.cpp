#include "io/ws/live_hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "io/http/origin.hpp"
#include "io/http/text.hpp"
#include "io/ws/live_client.hpp"
#include "io/ws/live_filter.hpp"

namespace mesher::ws {
namespace {

using Text = LiveClient::Text;

constexpr std::size_t kWatchSlots = 4096;

Text error_frame(const LiveMistake& mistake) {
  std::string more = fmt::format(R"(,"code":"{}","message":)", mistake.code);
  http::append_json_string(mistake.message, more);
  return live_frame("error", mistake.id, more);
}

std::string bearer_of(const http::Request& request) {
  const auto header = request.header("authorization");
  if (header.size() > 7 && http::equals_ignoring_case(header.substr(0, 7), "bearer ")) {
    return std::string(http::trimmed(header.substr(7)));
  }
  return request.query_parameter("token").value_or(std::string());
}

bool may_watch(const LivePrincipal& principal, std::uint32_t project) {
  return principal.all_projects ||
         std::find(principal.project_ids.begin(), principal.project_ids.end(), project) != principal.project_ids.end();
}

}  // namespace

/// The rooms. Lock order: rooms_mutex_, then a client's.
class LiveHub::Core {
 public:
  Core(LiveHubOptions o, LiveAuthenticate a, Metrics& metrics)
      : options(std::move(o)),
        authenticate(std::move(a)),
        sockets(metrics.gauge("mesher_live_sockets", "Open live sockets.")),
        subscriptions(metrics.gauge("mesher_live_subscriptions", "Subscriptions of live sockets.")),
        sent(metrics.counter("mesher_live_sent_total", "Messages handed to live sockets.")),
        dropped(metrics.counter("mesher_live_dropped_total", "Messages that slow clients lost.")) {}

  [[nodiscard]] bool watched(std::uint32_t project) const noexcept {
    return watchers_[project % kWatchSlots].load(std::memory_order_relaxed) > 0;
  }

  template <class F>
  void each(std::uint32_t project, F&& offer) {
    const std::shared_lock lock(rooms_mutex_);
    const auto room = rooms_.find(project);
    if (room == rooms_.end()) return;
    for (const auto& client : room->second) offer(*client);
  }

  /// Queues `answer` before anything that the subscription lets through.
  bool subscribe(const std::shared_ptr<LiveClient>& client, const LiveRequest& request, const Text& answer) {
    const std::unique_lock lock(rooms_mutex_);
    if (!client->is_open()) return true;  // it has left meanwhile
    std::optional<std::uint32_t> replaced;
    if (!client->subscribe(request, replaced)) return false;
    if (replaced && *replaced != request.project_id) leave_if_unwanted(client, *replaced);
    if (!replaced) subscriptions.add(1);
    client->answer(answer);
    auto& room = rooms_[request.project_id];
    if (std::find(room.begin(), room.end(), client) == room.end()) {
      room.push_back(client);
      watchers_[request.project_id % kWatchSlots].fetch_add(1, std::memory_order_relaxed);
    }
    return true;
  }
  bool unsubscribe(const std::shared_ptr<LiveClient>& client, const std::string& id) {
    const std::unique_lock lock(rooms_mutex_);
    const auto project = client->unsubscribe(id);
    if (!project) return false;
    subscriptions.add(-1);
    leave_if_unwanted(client, *project);
    return true;
  }
  void leave(const std::shared_ptr<LiveClient>& client) {
    const std::unique_lock lock(rooms_mutex_);
    client->close();
    for (auto room = rooms_.begin(); room != rooms_.end();) {
      const auto next = std::next(room);
      remove(client, room);
      room = next;
    }
    subscriptions.add(-client->forget_all());
  }

  const LiveHubOptions options;
  const LiveAuthenticate authenticate;
  Gauge& sockets;
  Gauge& subscriptions;
  Counter& sent;
  Counter& dropped;

 private:
  using Rooms = std::unordered_map<std::uint32_t, std::vector<std::shared_ptr<LiveClient>>>;

  void leave_if_unwanted(const std::shared_ptr<LiveClient>& client, std::uint32_t project) {
    if (client->subscribed_to(project)) return;
    if (const auto room = rooms_.find(project); room != rooms_.end()) remove(client, room);
  }
  void remove(const std::shared_ptr<LiveClient>& client, Rooms::iterator room) {
    if (std::erase(room->second, client) == 0) return;
    watchers_[room->first % kWatchSlots].fetch_sub(1, std::memory_order_relaxed);
    if (room->second.empty()) rooms_.erase(room);
  }

  std::shared_mutex rooms_mutex_;
  Rooms rooms_;  // guarded by rooms_mutex_
  // Clients in the rooms of each slot's projects, so that watched() needs no lock. Relaxed: a watcher that has just
  // come may miss the event of the same microsecond.
  std::array<std::atomic<std::uint32_t>, kWatchSlots> watchers_{};
};

class LiveHub::Handler final : public http::SocketHandler {
 public:
  Handler(std::shared_ptr<Core> core, std::string token)
      : core_(std::move(core)),
        client_(std::make_shared<LiveClient>(core_->options, std::move(token), core_->sent, core_->dropped)) {
    core_->sockets.add(1);
  }
  ~Handler() override { core_->sockets.add(-1); }

  void opened(std::shared_ptr<http::Socket> socket) override { client_->open(std::move(socket)); }
  void writable() override { client_->send_more(); }
  void closed() override { core_->leave(client_); }
  void received(std::string text) override;

 private:
  static void subscribe(const std::shared_ptr<Core>& core, const std::shared_ptr<LiveClient>& client,
                        const LiveRequest& request, const std::optional<LivePrincipal>& principal);

  std::shared_ptr<Core> core_;
  std::shared_ptr<LiveClient> client_;
};

void LiveHub::Handler::received(std::string text) {
  auto parsed = parse_live_request(text);
  if (!parsed.request) return client_->answer(error_frame(parsed.mistake));
  auto& request = *parsed.request;
  if (request.type == LiveRequest::Type::unsubscribe) {
    const bool known = core_->unsubscribe(client_, request.id);
    return client_->answer(known ? live_frame("unsubscribed", request.id)
                                 : error_frame({request.id, "not_found", "there is no such subscription"}));
  }
  client_->pause(true);  // until the answer: keeps the order of requests
  core_->authenticate(client_->token, [core = core_, client = client_,
                                       request = std::move(request)](const std::optional<LivePrincipal>& principal) {
    subscribe(core, client, request, principal);
    client->pause(false);
  });
}

void LiveHub::Handler::subscribe(const std::shared_ptr<Core>& core, const std::shared_ptr<LiveClient>& client,
                                 const LiveRequest& request, const std::optional<LivePrincipal>& principal) {
  if (!principal) return client->answer(error_frame({request.id, "unauthenticated", "the token is no longer valid"}));
  if (!may_watch(*principal, request.project_id)) {
    return client->answer(error_frame({request.id, "not_found", "no such project"}));
  }
  const auto answer = live_frame("subscribed", request.id, fmt::format(R"(,"project_id":{})", request.project_id));
  if (!core->subscribe(client, request, answer)) {
    const auto limit = core->options.max_subscriptions;
    return client->answer(error_frame({request.id, "too_many", fmt::format("at most {} subscriptions", limit)}));
  }
}

LiveHub::LiveHub(LiveHubOptions options, LiveAuthenticate authenticate, Metrics& metrics)
    : core_(std::make_shared<Core>(std::move(options), std::move(authenticate), metrics)) {}

LiveHub::~LiveHub() = default;

void LiveHub::add_routes(http::Router& router) {
  router.add_upgrade("/api/v1/live", [core = core_](http::Request request, http::AcceptSocket accept) {
    if (static_cast<std::size_t>(core->sockets.value()) >= core->options.max_sockets) {
      auto full = http::error_response(503, "overloaded", "too many live sockets are open");
      full.headers.emplace_back("Retry-After", "10");
      return accept(nullptr, std::move(full));
    }
    auto token = bearer_of(request);
    // Browsers send cookies with a WebSocket that any site opens; the page must be ours.
    if (token.empty() && http::from_own_page(request, core->options.allowed_origins)) {
      token = http::session_cookie(request);
    }
    if (token.empty()) {
      return accept(nullptr,
                    http::error_response(401, "unauthenticated", "send a token: Authorization: Bearer or ?token="));
    }
    core->authenticate(token, [core, token, accept = std::move(accept)](const std::optional<LivePrincipal>& principal) {
      if (!principal) return accept(nullptr, http::error_response(401, "unauthenticated", "no such token"));
      accept(std::make_unique<Handler>(core, token), {});
    });
  });
}

bool LiveHub::watched(std::uint32_t project_id) const noexcept {
  return core_->watched(project_id);
}

void LiveHub::publish_event(const nodes::Event& event, Text message) {
  core_->each(event.project_id, [&](LiveClient& client) { client.offer_event(event, message); });
}

void LiveHub::publish(std::uint32_t project_id, Text message) {
  core_->each(project_id, [&](LiveClient& client) { client.offer(message); });
}

}  // namespace mesher::ws
