#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "graph/tap.hpp"
#include "io/http/message.hpp"
#include "io/ws/live_hub.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::ws {

struct TapHubOptions {
  std::size_t max_sockets = 16;
  std::vector<std::string> allowed_origins = {};  ///< whose pages may use a session beside our own
};

/// GET /api/v1/graph/nodes/{name}/tap?filter=… upgraded to a WebSocket: shows events that leave a node of the graph, to
/// owners of the instance. Messages: schema/live.md. A client that does not read misses events, and is told how many.
/// Any thread.
class TapHub {
 public:
  /// `nodes`: the names of those that run. `taps` and `projects` must outlive all sockets.
  TapHub(TapHubOptions options, LiveAuthenticate authenticate, graph::Taps& taps,
         std::function<std::vector<std::string>()> nodes, const nodes::ports::ProjectDirectory& projects,
         Metrics& metrics);
  ~TapHub();
  TapHub(const TapHub&) = delete;
  TapHub& operator=(const TapHub&) = delete;

  void add_routes(http::Router& router);
  /// As LiveHub::check_rights.
  void check_rights(const LiveRecheck& ask);
  /// As LiveHub::next_expiry.
  [[nodiscard]] std::optional<UnixMicros> next_expiry() const;

 private:
  class Core;
  class Handler;
  std::shared_ptr<Core> core_;
};

}  // namespace mesher::ws
