#include "io/api/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "io/api/error_codes.hpp"
#include "io/auth/token.hpp"
#include "io/http/origin.hpp"
#include "io/http/text.hpp"

namespace mesher::api {
namespace {

constexpr std::chrono::minutes kSignInWindow{15};
constexpr std::chrono::minutes kRequestWindow{1};

bool changes_something(const http::Request& request) {
  return request.method != "GET" && request.method != "HEAD";
}

/// Networks hand out IPv6 addresses by the /64: those count as one.
std::string network_of(const std::string& address) {
  if (address.find(':') == std::string::npos) return address;
  std::size_t end = 0;
  for (int colons = 0; end < address.size(); ++end) {
    if (address[end] == ':' && (++colons == 4 || address.compare(end, 2, "::") == 0)) break;
  }
  return address.substr(0, end);
}

}  // namespace

AccessControl::AccessControl(AccessSettings settings, auth::Authenticator& authenticator, const Clock& clock)
    : settings_(std::move(settings)),
      authenticator_(authenticator),
      requests_(settings_.requests_per_minute, kRequestWindow, clock),
      accounts_(settings_.sign_ins_per_account, kSignInWindow, clock),
      addresses_(settings_.sign_ins_per_address, kSignInWindow, clock) {}

std::variant<AccessControl::Caller, http::Response> AccessControl::admit(const http::Request& request,
                                                                         const auth::Right& right) {
  static const auto kNobody = std::make_shared<const auth::Principal>();
  const bool open = right.realm == auth::Realm::open;
  const auto token = auth::bearer_secret(request.header("authorization"));
  const auto session = token.empty() ? http::session_cookie(request) : std::string_view();
  Caller caller{kNobody, {}};
  if (!token.empty() && auth::is_session_secret(token)) {
    return fail(Code::unauthenticated, "a session is no API token: send it as a cookie");
  }
  if (!token.empty() || auth::is_session_secret(session)) {
    auto known = authenticator_.authenticate(token.empty() ? session : token);
    // A session that has ended must not keep anybody from signing in.
    const bool ended = !known && known.error().code == ErrorCode::denied && token.empty();
    if (!known && !(open && ended)) return fail(known.error());
    if (known) caller.principal = *known;
  }
  const auto& principal = *caller.principal;
  if (principal.user_id == 0 && !open) {
    return fail(Code::unauthenticated, "send an API token: Authorization: Bearer <token>, or sign in");
  }
  if (principal.user_id != 0) {
    const auto key =
        principal.session_id != 0 ? fmt::format("s{}", principal.session_id) : fmt::format("t{}", principal.token_id);
    caller.allowance = requests_.take(key);
    if (!caller.allowance.allowed) {
      auto refusal = too_many("too many requests with this token or session", caller.allowance.retry_after);
      add_limits(caller.allowance, refusal);
      return refusal;
    }
  }
  if (token.empty() && changes_something(request)) {
    const bool signing_in = right.action == auth::Action::sign_in && request.path.ends_with("/login");
    auto refusal = check_csrf(request, signing_in || principal.user_id == 0 ? nullptr : &principal);
    if (refusal) return *std::move(refusal);
  }
  if (principal.user_id != 0 && !principal.allows(right.scope)) {
    return fail(Code::forbidden, "this takes a token with the scope " + std::string(name_of(right.scope)));
  }
  if (right.instance_owner && !principal.instance_owner) {
    return fail(Code::forbidden, "only owners of this instance may do this");
  }
  return caller;
}

std::optional<http::Response> AccessControl::check_csrf(const http::Request& request,
                                                        const auth::Principal* principal) const {
  if (!http::from_own_page(request, settings_.allowed_origins)) {
    return fail(Code::csrf_failed, "the request comes from another site's page");
  }
  // Who is not signed in has no rights that another page could use.
  if (principal == nullptr || auth::same_text(request.header("x-csrf-token"), principal->csrf_token)) {
    return std::nullopt;
  }
  return fail(Code::csrf_failed,
              "a change by a session needs its csrf_token (of the answer to signing in, and of /api/v1/me) in "
              "X-CSRF-Token");
}

void AccessControl::add_limits(const auth::Allowance::Verdict& allowance, http::Response& response) {
  if (allowance.limit == 0) return;
  response.headers.emplace_back("RateLimit-Limit", std::to_string(allowance.limit));
  response.headers.emplace_back("RateLimit-Remaining", std::to_string(allowance.remaining));
  response.headers.emplace_back("RateLimit-Reset", std::to_string(allowance.whole_after));
}

bool AccessControl::knows_origin(std::string_view origin) const {
  return !origin.empty() &&
         std::any_of(settings_.allowed_origins.begin(), settings_.allowed_origins.end(), [&](const auto& allowed) {
           return allowed == "*" || http::equals_ignoring_case(allowed, origin);
         });
}

void AccessControl::add_origin(const http::Request& request, http::Response& response) const {
  if (!allows_origins()) return;
  response.headers.emplace_back("Vary", "Origin");
  const auto origin = request.header("origin");
  if (!knows_origin(origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "etag, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, "
                                "idempotency-replayed, location");
  // Pages of an origin that is only covered by "*" may call with a token, but not with their visitor's session.
  const auto& all = settings_.allowed_origins;
  const bool named =
      std::any_of(all.begin(), all.end(), [&](const auto& one) { return http::equals_ignoring_case(one, origin); });
  if (named) response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
}

http::Response AccessControl::preflight(const http::Request& request) const {
  if (!knows_origin(request.header("origin")))
    return fail(Code::not_found, "pages of this origin may not call the API");
  http::Response response;
  response.status = 204;
  add_origin(request, response);
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "authorization, content-type, x-csrf-token, idempotency-key, if-match, if-none-match");
  response.headers.emplace_back("Access-Control-Max-Age", "3600");
  return response;
}

auth::Allowance::Verdict AccessControl::try_sign_in(const std::string& email, const std::string& address) {
  auto by_address = addresses_.take(network_of(address));
  if (!by_address.allowed) return by_address;
  auto by_account = accounts_.take(email);
  if (!by_account.allowed) addresses_.give_back(network_of(address));
  return by_account;
}

void AccessControl::sign_in_succeeded(const std::string& email, const std::string& address) {
  accounts_.forget(email);
  addresses_.give_back(network_of(address));
}

void AccessControl::sign_in_unfinished(const std::string& email, const std::string& address) {
  accounts_.give_back(email);
  addresses_.give_back(network_of(address));
}

bool AccessControl::secure(const http::Request& request) const {
  return settings_.secure || http::is_secure(request);
}

std::string AccessControl::cookie_of(const http::Request& request, std::string_view secret) const {
  const bool over_tls = secure(request);
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}{}", http::session_cookie_name(over_tls), secret,
                     secret.empty() ? 0 : settings_.session_lifetime.count(), over_tls ? "; Secure" : "");
}

}  // namespace mesher::api
