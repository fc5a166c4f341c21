#include "io/metrics/operations.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace mesher::metrics {
namespace {

using Json = nlohmann::ordered_json;

http::Response json_response(int status, const Json& body) {
  http::Response response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response readiness(const std::vector<ProbeReader>& probes) {
  bool ready = true;
  Json checks = Json::object();
  Json reasons = Json::array();
  for (const auto& read : probes) {
    const Probe probe = read();
    ready = ready && probe.ok;
    Json check = {{"ok", probe.ok}};
    if (!probe.reason.empty()) check["reason"] = probe.reason;
    if (!probe.ok) reasons.push_back(probe.name + ": " + probe.reason);
    checks[probe.name] = std::move(check);
  }
  auto response = json_response(
      ready ? 200 : 503,
      Json{{"status", ready ? "ready" : "not_ready"}, {"reasons", std::move(reasons)}, {"checks", std::move(checks)}});
  if (!ready) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

void add_routes(http::Router& router, Metrics& metrics, std::vector<ProbeReader> probes) {
  router.add("GET", "/healthz", [](const http::Request&, const http::Respond& respond) {
    respond(json_response(200, Json{{"status", "alive"}}));
  });
  router.add("GET", "/readyz", [probes = std::move(probes)](const http::Request&, const http::Respond& respond) {
    respond(readiness(probes));
  });
  router.add("GET", "/metrics", [&metrics](const http::Request&, const http::Respond& respond) {
    http::Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics.expose();
    respond(std::move(response));
  });
}

}  // namespace mesher::metrics
