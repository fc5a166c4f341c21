#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "io/http/message.hpp"
#include "nodes/ports/projects.hpp"

/// Who sends events: where a request may carry its project key, and what that key is worth. Two dialects: our own
/// endpoints take the first credential of CONTRACT's list; Sentry's endpoints follow Sentry's rules (a second
/// credential is an error, `Authorization: Bearer` belongs to somebody else's proxy).
namespace mesher::http {

/// Why a sender is refused. `code` is one of ingest_codes' names; `project_id` and `key_id` are set when the refusal
/// can be booked.
struct AuthRefusal {
  int status = 401;
  std::string code;
  std::string message;
  std::string outcome_reason;  ///< empty: nobody to book it for
  std::uint32_t project_id = 0, key_id = 0;
};

/// What the request says about itself, before anything is looked up.
struct Credentials {
  std::string public_key;                   ///< 32 lower-case hex digits
  std::optional<std::uint32_t> project_id;  ///< of a DSN
  std::string client;                       ///< "sentry.python/2.1"
};

/// Good until the snapshot is let go.
struct Sender {
  std::shared_ptr<const nodes::ports::ProjectSnapshot> snapshot;
  const nodes::ports::ProjectKey* key = nullptr;
  const nodes::ports::ProjectSettings* project = nullptr;
  std::string client;
};

template <class T>
using AuthResult = std::variant<T, AuthRefusal>;

/// X-Mesher-Auth; X-Sentry-Auth; Authorization (DSN, Bearer, Sentry, Basic); ?sentry_key= or ?key=. The first counts.
[[nodiscard]] AuthResult<Credentials> native_credentials(const Request& request);

/// X-Sentry-Auth; Authorization (Sentry, Basic, DSN); query; X-Mesher-Auth. No value: none of them, so that an
/// envelope's own DSN may serve.
[[nodiscard]] AuthResult<std::optional<Credentials>> sentry_credentials(const Request& request);

/// Of a DSN in an envelope's header.
[[nodiscard]] AuthResult<Credentials> dsn_credentials(std::string_view dsn);

[[nodiscard]] AuthRefusal no_credentials();

/// Finds the key's project and checks that the key is enabled, that the project is `path_project` (of the URL, if it
/// has one) and the credentials' own, and that the request's origin is allowed.
[[nodiscard]] AuthResult<Sender> authenticate(const nodes::ports::ProjectDirectory& directory,
                                              const Credentials& credentials, std::optional<std::uint32_t> path_project,
                                              const Request& request);

/// Whether an `Origin` (or `Referer`) may send to a project. Entries of `allowed`: "*", a host, "*.host", each with an
/// optional scheme and port. No origin is always allowed: it is no browser.
[[nodiscard]] bool origin_allowed(const std::vector<std::string>& allowed, std::string_view origin,
                                  std::string_view referer);

}  // namespace mesher::http
