#include "io/ws/live_hub.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/http/origin.hpp"
#include "io/http/text.hpp"
#include "io/ws/live_core.hpp"
#include "nodes/broadcast.hpp"

namespace mesher::ws {
namespace {

using Text = LiveClient::Text;

Text error_frame(const LiveMistake& mistake) {
  std::string more = fmt::format(R"(,"code":"{}","message":)", mistake.code);
  http::append_json_string(mistake.message, more);
  if (mistake.position > 0) more += fmt::format(R"(,"position":{})", mistake.position);
  return live_frame("error", mistake.id, more);
}

// Rights that change again and again while they are asked for: not by themselves.
constexpr int kMostAsked = 5;

/// Asks whom the secret belongs to, and hands on the number that tells later whether that still holds.
template <class Use>
void authorise(const std::shared_ptr<LiveCore>& core, const std::string& token, Use use) {
  const auto epoch = core->rights_epoch();
  core->authenticate(
      token, [use = std::move(use), epoch](const std::optional<LivePrincipal>& principal) { use(principal, epoch); });
}

}  // namespace

class LiveHub::Handler final : public http::SocketHandler {
 public:
  Handler(std::shared_ptr<LiveCore> core, std::string token, LivePrincipal principal, std::uint64_t epoch)
      : core_(std::move(core)),
        client_(std::make_shared<LiveClient>(core_->options, core_->flusher, std::move(token), core_->sent,
                                             core_->dropped)),
        principal_(std::move(principal)),
        epoch_(epoch) {
    core_->sockets.add(1);
  }
  ~Handler() override {
    core_->sockets.add(-1);
    core_->give_place(principal_.user_id);
  }

  void opened(std::shared_ptr<http::Socket> socket) override {
    client_->open(std::move(socket));
    enter(core_, client_, principal_, epoch_, kMostAsked);
  }
  void writable() override { client_->send_more(); }
  void closed() override { core_->leave(client_); }
  void received(std::string text) override;

 private:
  using Client = std::shared_ptr<LiveClient>;
  static void enter(const std::shared_ptr<LiveCore>& core, const Client& client, const LivePrincipal& principal,
                    std::uint64_t epoch, int tries);
  static void subscribe(const std::shared_ptr<LiveCore>& core, const Client& client, const LiveRequest& request,
                        int tries);

  std::shared_ptr<LiveCore> core_;
  Client client_;
  const LivePrincipal principal_;
  const std::uint64_t epoch_;
};

void LiveHub::Handler::enter(const std::shared_ptr<LiveCore>& core, const Client& client,
                             const LivePrincipal& principal, std::uint64_t epoch, int tries) {
  if (core->enter(client, principal, epoch) == LiveCore::Entry::done) return;
  if (tries == 0) return client->dismiss("rights can't be looked up");
  authorise(core, client->token, [core, client, tries](const std::optional<LivePrincipal>& again, std::uint64_t now) {
    if (!again) return client->dismiss("the token or session has ended");
    enter(core, client, *again, now, tries - 1);
  });
}

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
  subscribe(core_, client_, request, kMostAsked);
}

void LiveHub::Handler::subscribe(const std::shared_ptr<LiveCore>& core, const Client& client,
                                 const LiveRequest& request, int tries) {
  authorise(core, client->token,
            [core, client, request, tries](const std::optional<LivePrincipal>& principal, std::uint64_t epoch) {
              const auto refuse = [&](std::string code, std::string message) {
                client->answer(error_frame({request.id, std::move(code), std::move(message)}));
                client->pause(false);
              };
              if (!principal) return refuse("unauthenticated", "the token is no longer valid");
              if (!may_watch(*principal, request.project_id)) return refuse("not_found", "no such project");
              const auto answer =
                  live_frame("subscribed", request.id, fmt::format(R"(,"project_id":{})", request.project_id));
              const auto entry = core->subscribe(client, request, answer, epoch);
              if (entry == LiveCore::Entry::stale && tries > 0) return subscribe(core, client, request, tries - 1);
              if (entry == LiveCore::Entry::done) return client->pause(false);
              if (entry == LiveCore::Entry::stale) return refuse("unauthenticated", "rights can't be looked up");
              refuse("too_many", fmt::format("at most {} subscriptions", core->options.max_subscriptions));
            });
}

LiveHub::LiveHub(LiveHubOptions options, LiveAuthenticate authenticate, LiveHistory history, Metrics& metrics)
    : core_(std::make_shared<LiveCore>(std::move(options), std::move(authenticate), std::move(history), metrics)),
      pacer_(core_->options.update_interval, [core = core_](const nodes::IssueChange& change) {
        if (!core->watched(change.project_id)) return;
        core->publish(change.project_id, std::make_shared<const std::string>(nodes::issue_update_message(change)));
      }) {}

LiveHub::~LiveHub() = default;

void LiveHub::add_routes(http::Router& router) {
  router.add_upgrade("/api/v1/live", [core = core_](http::Request request, http::AcceptSocket accept) {
    if (static_cast<std::size_t>(core->sockets.value()) >= core->options.max_sockets) {
      auto full = http::error_response(503, "overloaded", "too many live sockets are open");
      full.headers.emplace_back("Retry-After", "10");
      return accept(nullptr, std::move(full));
    }
    auto token = http::socket_secret(request, core->options.allowed_origins);
    if (token.empty()) {
      return accept(nullptr,
                    http::error_response(401, "unauthenticated", "send a token: Authorization: Bearer or ?token="));
    }
    authorise(
        core, token,
        [core, token, accept = std::move(accept)](const std::optional<LivePrincipal>& principal, std::uint64_t epoch) {
          if (!principal) return accept(nullptr, http::error_response(401, "unauthenticated", "no such token"));
          if (!core->take_place(principal->user_id)) {
            auto full = http::error_response(429, "rate_limited", "too many live sockets of this user are open");
            full.headers.emplace_back("Retry-After", "10");
            return accept(nullptr, std::move(full));
          }
          accept(std::make_unique<Handler>(core, token, *principal, epoch), {});
        });
  });
}

bool LiveHub::watched(std::uint32_t project_id) const noexcept {
  return core_->watched(project_id);
}

std::uint64_t LiveHub::note(std::span<const nodes::Event> events) {
  return core_->order.add(events);
}

void LiveHub::publish_event(const nodes::Event& event, std::uint64_t position, Text message) {
  core_->publish_event(event, position, message);
}

void LiveHub::update(const nodes::IssueChange& change) {
  if (core_->watched(change.project_id)) pacer_.add(change);
}

void LiveHub::publish(std::uint32_t project_id, Text message) {
  core_->publish(project_id, message);
}

void LiveHub::check_rights(const LiveRecheck& ask) {
  core_->check_rights(ask);
}

std::optional<UnixMicros> LiveHub::next_expiry() const {
  return core_->next_expiry();
}

}  // namespace mesher::ws
