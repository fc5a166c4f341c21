#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/auth/allowance.hpp"
#include "io/auth/authenticator.hpp"
#include "io/auth/rights.hpp"
#include "io/http/message.hpp"

namespace mesher::api {

struct AccessSettings {
  std::vector<std::string> allowed_origins;  ///< "https://host": whose pages may call the API beside our own; "*": any
                                             ///< may with a token
  std::chrono::seconds session_idle = std::chrono::hours(14 * 24);
  std::chrono::seconds session_lifetime = std::chrono::hours(90 * 24);
  std::uint32_t sign_ins_per_account = 10;     ///< that fail, in a quarter of an hour; 0: no limit
  std::uint32_t sign_ins_per_address = 100;    ///< as above
  std::uint32_t requests_per_minute = 30'000;  ///< of one token or session; 0: no limit
  bool secure = false;                         ///< clients reach us over TLS, whatever the connection here says
};

/// Decides who a request comes from and whether it may go on: tokens, sessions with their CSRF protection, limits,
/// pages of other origins. Any thread; authenticate() blocks while it asks the database.
class AccessControl {
 public:
  AccessControl(AccessSettings settings, auth::Authenticator& authenticator, const Clock& clock);

  struct Caller {
    std::shared_ptr<const auth::Principal> principal;  ///< never null; user_id 0: nobody is signed in
    auth::Allowance::Verdict allowance;                ///< limit 0: none applies
  };
  /// The caller, or the answer that refuses the request. `right` of Realm::open takes callers who are nobody, too.
  [[nodiscard]] std::variant<Caller, http::Response> admit(const http::Request& request, const auth::Right& right);

  /// RateLimit-* of a caller who has a limit.
  static void add_limits(const auth::Allowance::Verdict& allowance, http::Response& response);
  /// CORS headers, if the request comes from a page that may read the answer.
  void add_origin(const http::Request& request, http::Response& response) const;
  /// Answers a browser's question whether it may send the request at all; 404 for origins that may not.
  [[nodiscard]] http::Response preflight(const http::Request& request) const;
  [[nodiscard]] bool allows_origins() const { return !settings_.allowed_origins.empty(); }

  /// Before a password is checked. An attempt counts until it has succeeded.
  [[nodiscard]] auth::Allowance::Verdict try_sign_in(const std::string& email, const std::string& address);
  void sign_in_succeeded(const std::string& email, const std::string& address);
  /// It was not the caller's fault: the attempt does not count.
  void sign_in_unfinished(const std::string& email, const std::string& address);

  /// Set-Cookie of a session; without a secret, the one that removes it.
  [[nodiscard]] std::string cookie_of(const http::Request& request, std::string_view secret) const;

  [[nodiscard]] auth::Authenticator& authenticator() { return authenticator_; }
  [[nodiscard]] const AccessSettings& settings() const { return settings_; }

 private:
  [[nodiscard]] std::optional<http::Response> check_csrf(const http::Request& request,
                                                         const auth::Principal* principal) const;
  [[nodiscard]] bool knows_origin(std::string_view origin) const;
  [[nodiscard]] bool secure(const http::Request& request) const;

  const AccessSettings settings_;
  auth::Authenticator& authenticator_;
  auth::Allowance requests_, accounts_, addresses_;
};

}  // namespace mesher::api
