#include "io/ws/tap_hub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "io/http/origin.hpp"
#include "io/http/text.hpp"
#include "nodes/query/parse.hpp"
#include "nodes/tap.hpp"

namespace mesher::ws {
namespace {

// Messages waiting for a client; beyond them it misses events.
constexpr std::size_t kMostQueued = 64;

}  // namespace

class TapHub::Core {
 public:
  Core(TapHubOptions o, LiveAuthenticate a, graph::Taps& t, std::function<std::vector<std::string>()> n,
       const nodes::ports::ProjectDirectory& p, Metrics& metrics)
      : options(std::move(o)),
        authenticate(std::move(a)),
        taps(t),
        nodes(std::move(n)),
        projects(p),
        sockets(metrics.gauge("mesher_tap_sockets", "Sockets that watch a node of the graph.")) {}

  const TapHubOptions options;
  const LiveAuthenticate authenticate;
  graph::Taps& taps;
  const std::function<std::vector<std::string>()> nodes;
  const nodes::ports::ProjectDirectory& projects;
  Gauge& sockets;
  std::atomic<std::uint64_t> rights_epoch{0};

  std::mutex mutex;
  struct Open {
    std::string secret;
    std::optional<UnixMicros> expires_at;
    std::shared_ptr<http::Socket> socket;
  };
  std::map<const Handler*, Open> open;  // guarded by mutex
};

class TapHub::Handler final : public http::SocketHandler {
 public:
  Handler(std::shared_ptr<Core> core, std::string secret, std::optional<UnixMicros> expires_at, std::string node,
          std::uint64_t epoch, std::shared_ptr<const query::Matcher> filter)
      : core_(std::move(core)),
        secret_(std::move(secret)),
        expires_at_(expires_at),
        node_(std::move(node)),
        epoch_(epoch),
        filter_(std::move(filter)) {
    core_->sockets.add(1);
  }
  ~Handler() override { core_->sockets.add(-1); }

  void opened(std::shared_ptr<http::Socket> socket) override {
    std::string hello = R"({"type":"tapping","node":)";
    http::append_json_string(node_, hello);
    socket->send(std::make_shared<const std::string>(hello + "}"));
    {
      const std::lock_guard lock(core_->mutex);
      core_->open[this] = {secret_, expires_at_, socket};
      // Rights have changed since they were asked for: rarely, and the client can come again.
      if (epoch_ != core_->rights_epoch) return socket->close(1013, "rights have changed: try again");
    }
    tap_ = std::make_shared<nodes::EventTap>(node_, filter_, &core_->projects, [socket](std::string message) {
      return socket->queued() < kMostQueued && socket->send(std::make_shared<const std::string>(std::move(message)));
    });
    core_->taps.at(node_)->add(tap_);
  }
  void received(std::string /*text*/) override {}
  void closed() override {
    if (tap_) core_->taps.at(node_)->remove(*tap_);
    const std::lock_guard lock(core_->mutex);
    core_->open.erase(this);
  }

 private:
  const std::shared_ptr<Core> core_;
  const std::string secret_;
  const std::optional<UnixMicros> expires_at_;
  const std::string node_;
  const std::uint64_t epoch_;
  const std::shared_ptr<const query::Matcher> filter_;
  std::shared_ptr<nodes::EventTap> tap_;
};

TapHub::TapHub(TapHubOptions options, LiveAuthenticate authenticate, graph::Taps& taps,
               std::function<std::vector<std::string>()> nodes, const nodes::ports::ProjectDirectory& projects,
               Metrics& metrics)
    : core_(std::make_shared<Core>(std::move(options), std::move(authenticate), taps, std::move(nodes), projects,
                                   metrics)) {}

TapHub::~TapHub() = default;

void TapHub::add_routes(http::Router& router) {
  router.add_upgrade("/api/v1/graph/nodes/{name}/tap", [core = core_](http::Request request,
                                                                      http::AcceptSocket accept) {
    const auto refuse = [&accept](int status, std::string_view code, std::string_view message,
                                  std::string_view field = {}) {
      accept(nullptr, http::error_response(status, code, message, field));
    };
    auto secret = http::socket_secret(request, core->options.allowed_origins);
    if (secret.empty()) return refuse(401, "unauthenticated", "send a token: Authorization: Bearer or ?token=");
    const auto epoch = core->rights_epoch.load();
    core->authenticate(secret, [core, request, secret, epoch, accept](const std::optional<LivePrincipal>& principal) {
      const auto refuse = [&accept](int status, std::string_view code, std::string_view message,
                                    std::string_view field = {}) {
        accept(nullptr, http::error_response(status, code, message, field));
      };
      if (!principal) return refuse(401, "unauthenticated", "no such token");
      if (!principal->instance_owner) return refuse(403, "forbidden", "only owners of the instance may do this");
      const auto name = request.path_parameters.at("name");
      const auto nodes = core->nodes();
      if (std::find(nodes.begin(), nodes.end(), name) == nodes.end()) {
        return refuse(404, "not_found", "there is no such node in the graph");
      }
      auto parsed = query::parse(request.query_parameter("filter").value_or(std::string()), query::Scope::stream);
      if (const auto* mistake = std::get_if<query::Mistake>(&parsed)) {
        return refuse(400, "invalid_query", fmt::format("position {}: {}", mistake->position, mistake->message),
                      "filter");
      }
      if (static_cast<std::size_t>(core->sockets.value()) >= core->options.max_sockets) {
        return refuse(503, "overloaded", "too many taps are open");
      }
      const auto& query = std::get<query::Node>(parsed);
      auto filter = query.empty() ? nullptr : std::make_shared<const query::Matcher>(query);
      accept(std::make_unique<Handler>(core, secret, principal->expires_at, name, epoch, std::move(filter)), {});
    });
  });
}

void TapHub::check_rights(const LiveRecheck& ask) {
  std::set<std::string> secrets;
  {
    const std::lock_guard lock(core_->mutex);
    ++core_->rights_epoch;
    for (const auto& [handler, of] : core_->open) secrets.insert(of.secret);
  }
  if (secrets.empty()) return;
  const auto known = ask({secrets.begin(), secrets.end()});
  if (!known) return;
  const std::lock_guard lock(core_->mutex);
  for (auto& [handler, of] : core_->open) {
    if (!secrets.contains(of.secret)) continue;
    const auto principal = known->find(of.secret);
    if (principal != known->end() && principal->second.instance_owner) {
      of.expires_at = principal->second.expires_at;
      continue;
    }
    of.expires_at.reset();
    of.socket->close(1008, "the right to see the graph has ended");
  }
}

std::optional<UnixMicros> TapHub::next_expiry() const {
  const std::lock_guard lock(core_->mutex);
  std::optional<UnixMicros> next;
  for (const auto& [handler, of] : core_->open) {
    if (of.expires_at && (!next || *of.expires_at < *next)) next = of.expires_at;
  }
  return next;
}

}  // namespace mesher::ws
