#include "io/http/server_metrics.hpp"

#include <algorithm>
#include <string>

namespace mesher::http {

std::string_view name_of(RouteClass route) {
  switch (route) {
    case RouteClass::ingest:
      return "ingest";
    case RouteClass::api:
      return "api";
    case RouteClass::live:
      return "live";
    case RouteClass::ops:
      return "ops";
    case RouteClass::web:
      return "web";
  }
  return "web";
}

RouteClass route_class(std::string_view path) {
  if (path.starts_with("/api/v1/")) {
    const auto rest = path.substr(8);
    if (rest == "events" || rest.starts_with("events/bulk") || rest.starts_with("events/stream")) {
      return RouteClass::ingest;
    }
    return rest.starts_with("live") ? RouteClass::live : RouteClass::api;
  }
  if (path.starts_with("/api/")) return RouteClass::ingest;
  if (path == "/healthz" || path == "/readyz" || path == "/metrics") return RouteClass::ops;
  return RouteClass::web;
}

ServerMetrics::ServerMetrics(Metrics& metrics)
    : connections(metrics.gauge("mesher_http_connections", "Open connections, WebSockets included.")),
      websockets(metrics.gauge("mesher_http_websockets", "Open WebSockets.")),
      accepted(metrics.counter("mesher_http_connections_total", "Connections accepted.")),
      refused_total(metrics.counter("mesher_http_connections_refused_total",
                                    "Connections closed at once: too many in all or from one address.")),
      timed_out(metrics.counter("mesher_http_timeouts_total", "Connections cut because they were too slow.")),
      protocol_errors(metrics.counter("mesher_http_protocol_errors_total", "Requests that were not valid HTTP.")),
      bytes_received(metrics.counter("mesher_http_received_bytes_total", "Bytes read from connections.")),
      bytes_sent(metrics.counter("mesher_http_sent_bytes_total", "Bytes written to connections.")),
      metrics_(metrics) {
  for (std::size_t i = 0; i < kRouteClasses; ++i) {
    latency_[i] = &metrics.histogram("mesher_http_request_seconds", "From a request's last byte to its answer.",
                                     {{"route", std::string(name_of(static_cast<RouteClass>(i)))}});
  }
}

Counter& ServerMetrics::requests(RouteClass route, int status) {
  const auto index = static_cast<std::size_t>(std::clamp(status, 0, 599));
  auto& slot = requests_[static_cast<std::size_t>(route)][index];
  auto* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.counter("mesher_http_requests_total", "Requests answered.",
                                {{"route", std::string(name_of(route))}, {"status", std::to_string(index)}});
    slot.store(counter, std::memory_order_release);
  }
  return *counter;
}

void ServerMetrics::answered(RouteClass route, int status, double seconds) {
  requests(route, status).add();
  latency_[static_cast<std::size_t>(route)]->observe(seconds);
}

}  // namespace mesher::http
