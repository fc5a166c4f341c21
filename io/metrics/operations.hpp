#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/base/metrics.hpp"
#include "io/http/message.hpp"

/// What operators' machines ask: is it alive, is it ready, how is it doing. No authentication, like every exporter.
namespace mesher::metrics {

/// The state of one thing that the server cannot do without.
struct Probe {
  std::string name;  ///< "database", "journal", "graph"
  bool ok = true;
  std::string reason;  ///< what is wrong, for people; may also warn while ok
};

/// Called on an I/O thread for every `/readyz`: must answer at once, from what is known, and never throw.
using ProbeReader = std::function<Probe()>;

/// Adds
/// - `GET /healthz`: 200 as long as the process answers at all;
/// - `GET /readyz`: 200, or 503 when a probe is not ok; the body lists every probe either way;
/// - `GET /metrics`: Prometheus text format.
/// `metrics` must outlive the router.
void add_routes(http::Router& router, Metrics& metrics, std::vector<ProbeReader> probes);

/// Registers the figures of this process (`mesher_process_…`) and of the build (`mesher_build_info`). Read from /proc
/// whenever the metrics are.
void add_process_metrics(Metrics& metrics, const std::string& version);

}  // namespace mesher::metrics
