#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "graph/base/metrics.hpp"

namespace mesher::http {

/// The class of a path, a metric label with few values: ingest, api, ops, live, web.
enum class RouteClass : std::uint8_t { ingest, api, live, ops, web };
constexpr std::size_t kRouteClasses = 5;
[[nodiscard]] std::string_view name_of(RouteClass route);
[[nodiscard]] RouteClass route_class(std::string_view path);

/// The server's figures, looked up once. Any thread.
class ServerMetrics {
 public:
  explicit ServerMetrics(Metrics& metrics);

  /// One answered request.
  void answered(RouteClass route, int status, double seconds);

  Gauge& connections;
  Gauge& websockets;
  Counter& accepted;
  Counter& refused_total;  ///< over the limit of all connections, or of one address
  Counter& timed_out;      ///< connections cut for slowness
  Counter& protocol_errors;
  Counter& bytes_received;
  Counter& bytes_sent;

 private:
  Counter& requests(RouteClass route, int status);

  Metrics& metrics_;
  std::array<Histogram*, kRouteClasses> latency_{};
  // Filled on first use of a status; registration locks and always answers the same object, so races are harmless.
  std::array<std::array<std::atomic<Counter*>, 600>, kRouteClasses> requests_{};
};

}  // namespace mesher::http
