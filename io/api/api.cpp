#include "io/api/api.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "graph/base/log.hpp"
#include "io/api/routes.hpp"
#include "io/auth/token.hpp"
#include "io/postgres/read_projects.hpp"

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

  [[nodiscard]] bool submit(WorkerPool::Task task) {
    if (dependencies_.workers.submit(std::move(task))) return true;
    refused_.add();
    return false;
  }

  /// The one place where an exception becomes an answer.
  [[nodiscard]] http::Response run(const Route& route, const http::Request& request) const {
    try {
      return checked(route, request);
    } catch (const std::exception& problem) {
      return fail(Error{ErrorCode::internal, std::string(route.pattern) + ": " + problem.what(), ""});
    }
  }

 private:
  [[nodiscard]] http::Response checked(const Route& route, const http::Request& request) const {
    const auto secret = auth::bearer_secret(request.header("authorization"));
    if (secret.empty()) return fail(Code::unauthenticated, "send an API token: Authorization: Bearer <token>");
    auto principal = dependencies_.authenticator.authenticate(secret);
    if (!principal) return fail(principal.error());
    const auth::Principal& caller = **principal;
    if (!caller.allows(route.access.scope)) {
      return fail(Code::forbidden, "this takes a token with the scope " + std::string(name_of(route.access.scope)));
    }
    if (route.access.instance_owner && !caller.instance_owner) {
      return fail(Code::forbidden, "only owners of this instance may do this");
    }
    Call call{request, caller, dependencies_, Parameters(request)};
    return route.handler(call);
  }

  ApiDependencies dependencies_;
  Counter& refused_;
};

http::Handler handler_of(const std::shared_ptr<Api>& api, const Route& route) {
  return [api, &route, &seconds = api->seconds_of(route)](http::Request request, http::Respond respond) {
    auto pending = std::make_shared<Pending>(Pending{std::move(request), std::move(respond)});
    const bool taken = api->submit([api, pending, &route, &seconds] {
      const auto started = std::chrono::steady_clock::now();
      auto response = api->run(route, pending->request);
      seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
      pending->respond(std::move(response));
    });
    if (!taken) pending->respond(fail(Code::overloaded, "too many requests are waiting"));
  };
}

}  // namespace

void add_routes(http::Router& router, ApiDependencies dependencies) {
  const auto api = std::make_shared<Api>(std::move(dependencies));
  for (const Route& route : routes()) router.add(route.method, route.pattern, handler_of(api, route));
}

LiveAuthorizer live_authorizer(postgres::Pool& database, auth::Authenticator& authenticator, WorkerPool& workers) {
  return [&database, &authenticator, &workers](std::string token, std::function<void(std::optional<LiveAccess>)> done) {
    auto resolve = [&database, &authenticator, token = std::move(token), done] {
      auto principal = authenticator.authenticate(token);
      if (!principal || !(*principal)->allows(auth::Scope::read)) return done(std::nullopt);
      auto projects = postgres::project_ids(database, (*principal)->organization_ids());
      if (!projects) return done(std::nullopt);
      done(LiveAccess{(*principal)->user_id, *std::move(projects)});
    };
    if (!workers.submit(std::move(resolve))) done(std::nullopt);
  };
}

}  // namespace mesher::api
