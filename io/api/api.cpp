#include "io/api/api.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "graph/base/log.hpp"
#include "io/api/docs_page.hpp"
#include "io/api/idempotency.hpp"
#include "io/api/routes.hpp"

namespace mesher::api {
namespace {

/// A request that waits for a worker.
struct Pending {
  http::Request request;
  http::Respond respond;
};

class Api {
 public:
  explicit Api(ApiDependencies dependencies)
      : dependencies_(std::move(dependencies)),
        access_(dependencies_.access, dependencies_.authenticator, dependencies_.clock),
        refused_(dependencies_.metrics.counter("mesher_api_overloaded_total",
                                               "API requests refused because too many were waiting.")) {
    dependencies_.metrics.gauge_callback(
        "mesher_api_waiting", "API requests that wait for a thread.", {},
        [&workers = dependencies_.workers] { return static_cast<double>(workers.waiting()); });
  }

  [[nodiscard]] Histogram& seconds_of(const Route& route) {
    return dependencies_.metrics.histogram(
        "mesher_api_seconds", "Time from a worker's taking an API request to its answer.",
        {{"method", std::string(route.method)}, {"route", std::string(route.pattern)}});
  }

  [[nodiscard]] bool submit(const Route& route, WorkerPool::Task task) {
    const bool apart = route.threads == Threads::hashing && dependencies_.hashing != nullptr;
    if ((apart ? *dependencies_.hashing : dependencies_.workers).submit(std::move(task))) return true;
    refused_.add();
    return false;
  }

  /// The one place where an exception becomes an answer.
  [[nodiscard]] http::Response run(const Route& route, const http::Request& request) {
    try {
      return checked(route, request);
    } catch (const std::exception& problem) {
      return fail(Error{ErrorCode::internal, std::string(route.pattern) + ": " + problem.what(), ""});
    }
  }

  [[nodiscard]] AccessControl& access() { return access_; }

  /// What must not keep the caller waiting.
  void afterwards() { dependencies_.authenticator.record_uses(); }

 private:
  [[nodiscard]] http::Response checked(const Route& route, const http::Request& request) {
    const auto& right = auth::right_of(route.action);
    auto admitted = access_.admit(request, right);
    if (auto* refusal = std::get_if<http::Response>(&admitted)) return std::move(*refusal);
    const auto& caller = std::get<AccessControl::Caller>(admitted);
    Call call{request, *caller.principal, dependencies_, right, access_, Parameters(request)};
    auto response = run_once(call, [&] { return route.handler(call); });
    AccessControl::add_limits(caller.allowance, response);
    return response;
  }

  ApiDependencies dependencies_;
  AccessControl access_;
  Counter& refused_;
};

http::Handler handler_of(const std::shared_ptr<Api>& api, const Route& route) {
  return [api, &route, &seconds = api->seconds_of(route)](http::Request request, http::Respond respond) {
    auto pending = std::make_shared<Pending>(Pending{std::move(request), std::move(respond)});
    const bool taken = api->submit(route, [api, pending, &route, &seconds] {
      const auto started = std::chrono::steady_clock::now();
      auto response = api->run(route, pending->request);
      api->access().add_origin(pending->request, response);
      seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
      pending->respond(std::move(response));
      api->afterwards();
    });
    if (!taken) pending->respond(fail(Code::overloaded, "too many requests are waiting"));
  };
}

/// Browsers ask before they let a page of another origin send a request.
void add_preflights(http::Router& router, const std::shared_ptr<Api>& api) {
  if (!api->access().allows_origins()) return;
  std::set<std::string_view> patterns;
  for (const Route& route : routes()) {
    if (!patterns.insert(route.pattern).second) continue;
    router.add("OPTIONS", route.pattern, [api](const http::Request& request, const http::Respond& respond) {
      respond(api->access().preflight(request));
    });
  }
}

}  // namespace

void add_routes(http::Router& router, ApiDependencies dependencies) {
  const auto api = std::make_shared<Api>(std::move(dependencies));
  for (const Route& route : routes()) router.add(route.method, route.pattern, handler_of(api, route));
  add_docs_routes(router);
  add_preflights(router, api);
}

}  // namespace mesher::api
