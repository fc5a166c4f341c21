#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "io/api/access.hpp"
#include "io/api/graph_control.hpp"
#include "io/api/worker_pool.hpp"
#include "io/auth/authenticator.hpp"
#include "io/http/message.hpp"
#include "io/postgres/alert_store.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/read_quarantine.hpp"
#include "nodes/event.hpp"

/// The REST API under /api/v1 (docs/api.md, schema/openapi.yaml). A request waits for a thread of the worker pool, is
/// authenticated there, and answered by its handler: one file per resource, all in the table of routes.cpp.
namespace mesher::api {

/// A node of the installation, as the registry of nodes shows it.
struct NodeInfo {
  std::string name, version, address, state;
  std::vector<std::string> services;
  UnixMicros started_at = 0, heartbeat_at = 0;
  std::uint32_t protocol = 0, cores = 0;
  std::int64_t epoch = 0;  ///< 0: it is alone
  std::uint64_t journal_records = 0, journal_bytes = 0;
};

/// Sends quarantined events round again: appends them to the journal, marked as replayed, and calls `done` once, from
/// any thread, with success only when they can no longer be lost.
using Replay = std::function<void(std::vector<postgres::QuarantineEntry> entries, std::function<void(Status)> done)>;

/// What the routes of alerts need beside the database.
struct AlertServices {
  std::string secret;      ///< what webhooks' secrets are sealed with
  std::string public_url;  ///< of links in notifications
  /// Tells watchers of alerts that people changed, and has the outbox looked into. Null: nobody does.
  std::function<void(std::vector<postgres::StoredAlert>)> announce;
};

/// What the API works with. All references must outlive the router and the worker pool's last task.
struct ApiDependencies {
  postgres::Pool& database;
  auth::Authenticator& authenticator;
  WorkerPool& workers;
  GraphControl& graph;
  Metrics& metrics;
  const Clock& clock;
  Replay replay;
  std::function<std::vector<NodeInfo>()> nodes;
  std::string public_url;  ///< scheme and host for DSNs and links; empty: what the request was sent to
  AccessSettings access;
  WorkerPool* hashing = nullptr;  ///< runs what hashes passwords; null: `workers` does
  /// Tells those who watch a project on the live stream; a text frame. Null: nobody does.
  std::function<void(std::uint32_t project_id, std::string message)> live = nullptr;
  /// Tells them what has become of an issue. Null: nobody does.
  std::function<void(const nodes::IssueChange&)> live_update = nullptr;
  AlertServices alerts = {};
};

/// Adds every route of the API.
void add_routes(http::Router& router, ApiDependencies dependencies);

}  // namespace mesher::api
