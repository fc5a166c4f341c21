#include "io/http/ingest_auth.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "io/http/dsn.hpp"
#include "io/http/text.hpp"

namespace mesher::http {
namespace {

AuthRefusal refusal(int status, std::string code, std::string message, std::string reason = {}) {
  return {status, std::move(code), std::move(message), std::move(reason), 0, 0};
}

/// Cuts flags that may follow the key after a dot, and checks its form.
AuthResult<std::string> checked_key(std::string_view text) {
  const auto key = text.substr(0, text.find('.'));
  if (key.empty()) return refusal(401, "missing_key", "the credentials have no public key");
  if (!is_public_key(key)) return refusal(400, "invalid_key", "a public key has 32 hex digits");
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return lower;
}

std::optional<AuthRefusal> check_version(std::string_view text) {
  int version = 0;
  const auto digits = text.substr(0, text.find('.'));
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (digits.empty() || bad != std::errc() || end != digits.data() + digits.size()) {
    return refusal(401, "invalid_auth", "sentry_version is not a number");
  }
  if (version > 7) return refusal(400, "unsupported_version", "protocol versions above 7 are not supported");
  return std::nullopt;
}

/// Collects sentry_key, sentry_version and sentry_client, from a header's pairs or a query's parameters.
class Fields {
 public:
  void set(std::string_view name, std::string value) {
    if (name == "sentry_key")
      key_ = std::move(value);
    else if (name == "sentry_version")
      version_ = std::move(value);
    else if (name == "sentry_client")
      client_ = std::move(value);
  }
  AuthResult<Credentials> credentials() && {
    if (version_) {
      if (auto bad = check_version(*version_)) return *std::move(bad);
    }
    auto key = checked_key(key_);
    if (auto* bad = std::get_if<AuthRefusal>(&key)) return std::move(*bad);
    return Credentials{std::get<std::string>(std::move(key)), std::nullopt, std::move(client_)};
  }

 private:
  std::string key_, client_;
  std::optional<std::string> version_;
};

bool has_scheme(std::string_view value, std::string_view scheme) {
  return value.size() > scheme.size() && value[scheme.size()] == ' ' &&
         equals_ignoring_case(value.substr(0, scheme.size()), scheme);
}

/// `Sentry sentry_key=…, sentry_version=7`. What does not begin like that counts as absent.
std::optional<AuthResult<Credentials>> sentry_header(std::string_view value) {
  if (!has_scheme(value, "sentry")) return std::nullopt;
  value.remove_prefix(7);
  Fields fields;
  while (!value.empty()) {
    const auto end = std::min(value.find(','), value.size());
    const auto pair = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const auto rest = pair.substr(equals + 1);
    fields.set(trimmed(pair.substr(0, equals)), std::string(trimmed(rest.substr(0, rest.find('=')))));
  }
  return std::move(fields).credentials();
}

std::optional<AuthResult<Credentials>> basic_header(std::string_view value) {
  if (!has_scheme(value, "basic")) return std::nullopt;
  const auto plain = base64_decoded(value.substr(6));
  if (!plain) return AuthResult<Credentials>(refusal(401, "invalid_auth", "the Basic credentials are not base64"));
  auto key = checked_key(std::string_view(*plain).substr(0, plain->find(':')));
  if (auto* bad = std::get_if<AuthRefusal>(&key)) return AuthResult<Credentials>(std::move(*bad));
  return AuthResult<Credentials>(Credentials{std::get<std::string>(std::move(key)), std::nullopt, {}});
}

std::optional<AuthResult<Credentials>> dsn_header(std::string_view value) {
  if (!has_scheme(value, "dsn")) return std::nullopt;
  return dsn_credentials(trimmed(value.substr(4)));
}

std::optional<AuthResult<Credentials>> plain_key(std::string_view value) {
  if (trimmed(value).empty()) return std::nullopt;
  auto key = checked_key(trimmed(value));
  if (auto* bad = std::get_if<AuthRefusal>(&key)) return AuthResult<Credentials>(std::move(*bad));
  return AuthResult<Credentials>(Credentials{std::get<std::string>(std::move(key)), std::nullopt, {}});
}

std::optional<AuthResult<Credentials>> sentry_query(const Request& request) {
  if (request.query.find("sentry_") == std::string::npos) return std::nullopt;
  Fields fields;
  for (const auto* name : {"sentry_key", "sentry_version", "sentry_client"}) {
    if (auto value = request.query_parameter(name)) fields.set(name, *std::move(value));
  }
  return std::move(fields).credentials();
}

std::string_view host_of_origin(std::string_view origin) {
  const auto scheme = origin.find("://");
  auto rest = scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

bool matches_origin(std::string_view pattern, std::string_view origin) {
  if (pattern == "*") return true;
  if (const auto scheme = pattern.find("://"); scheme != std::string_view::npos) {
    if (!equals_ignoring_case(pattern.substr(0, scheme), origin.substr(0, origin.find("://")))) return false;
  }
  const auto want = host_of_origin(pattern);
  auto have = host_of_origin(origin);
  if (want.find(':') == std::string_view::npos) have = have.substr(0, have.find(':'));
  if (!want.starts_with("*.")) return equals_ignoring_case(want, have);
  const auto suffix = want.substr(1);
  return (have.size() > suffix.size() && equals_ignoring_case(have.substr(have.size() - suffix.size()), suffix)) ||
         equals_ignoring_case(have, suffix.substr(1));
}

}  // namespace

AuthRefusal no_credentials() {
  return refusal(401, "missing_key", "no project key: send X-Mesher-Auth, X-Sentry-Auth or ?sentry_key=");
}

AuthResult<Credentials> dsn_credentials(std::string_view text) {
  const auto dsn = parse_dsn(text);
  if (!dsn) return refusal(400, "invalid_dsn", "the DSN is malformed");
  auto key = checked_key(dsn->public_key);
  if (auto* bad = std::get_if<AuthRefusal>(&key)) return std::move(*bad);
  return Credentials{std::get<std::string>(std::move(key)), dsn->project_id, {}};
}

AuthResult<Credentials> native_credentials(const Request& request) {
  if (auto found = plain_key(request.header("x-mesher-auth"))) return *std::move(found);
  if (auto found = sentry_header(request.header("x-sentry-auth"))) return *std::move(found);
  const auto authorization = request.header("authorization");
  if (auto found = dsn_header(authorization)) return *std::move(found);
  if (has_scheme(authorization, "bearer")) {
    if (auto found = plain_key(authorization.substr(7))) return *std::move(found);
  }
  if (auto found = sentry_header(authorization)) return *std::move(found);
  if (auto found = basic_header(authorization)) return *std::move(found);
  if (auto found = sentry_query(request)) return *std::move(found);
  if (const auto key = request.query_parameter("key")) {
    if (auto found = plain_key(*key)) return *std::move(found);
  }
  return no_credentials();
}

AuthResult<std::optional<Credentials>> sentry_credentials(const Request& request) {
  using Optional = std::optional<Credentials>;
  const auto authorization = request.header("authorization");
  std::optional<AuthResult<Credentials>> found;
  const auto add = [&found](std::optional<AuthResult<Credentials>> next) {
    const bool second = found && next;
    if (!found) found = std::move(next);
    return !second;
  };
  const bool one = add(sentry_header(request.header("x-sentry-auth"))) && add(sentry_header(authorization)) &&
                   add(basic_header(authorization)) && add(dsn_header(authorization)) && add(sentry_query(request)) &&
                   add(plain_key(request.header("x-mesher-auth")));
  if (!one) return refusal(401, "multiple_auth", "multiple authentication payloads: send one");
  if (!found) return Optional();
  if (auto* bad = std::get_if<AuthRefusal>(&*found)) return std::move(*bad);
  return Optional(std::get<Credentials>(*std::move(found)));
}

AuthResult<Sender> authenticate(const nodes::ports::ProjectDirectory& directory, const Credentials& credentials,
                                std::optional<std::uint32_t> path_project, const Request& request) {
  Sender sender;
  sender.snapshot = directory.snapshot();
  const auto key = sender.snapshot->keys.find(credentials.public_key);
  if (key == sender.snapshot->keys.end()) return refusal(403, "unknown_key", "no project has this key");
  sender.key = &key->second;
  const auto project = sender.snapshot->projects.find(key->second.project_id);
  if (project == sender.snapshot->projects.end()) return refusal(403, "unknown_key", "the key's project is gone");
  sender.project = &project->second;
  sender.client = credentials.client;

  const auto booked = [&](AuthRefusal r) {
    r.project_id = sender.project->id;
    r.key_id = sender.key->id;
    return r;
  };
  if (!sender.key->enabled) {
    return booked(
        refusal(403, "disabled_key", "event submission rejected with_reason: this key is disabled", "disabled_key"));
  }
  for (const auto id : {path_project, credentials.project_id}) {
    if (id && *id != sender.project->id) {
      return booked(refusal(403, "wrong_project",
                            "event submission rejected with_reason: ProjectId (the key belongs to "
                            "another project)",
                            "project_id"));
    }
  }
  if (!origin_allowed(sender.project->allowed_origins, request.header("origin"), request.header("referer"))) {
    return booked(refusal(403, "origin_not_allowed",
                          "event submission rejected with_reason: Cors (this origin is not "
                          "allowed)",
                          "cors"));
  }
  return sender;
}

bool origin_allowed(const std::vector<std::string>& allowed, std::string_view origin, std::string_view referer) {
  if (allowed.empty()) return true;
  const auto is_web = [](std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); };
  const auto from = is_web(origin) ? origin : is_web(referer) ? referer : std::string_view();
  if (from.empty()) return origin.empty();  // "null" and other schemes are origins too, and match nothing
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const auto& pattern) { return matches_origin(pattern, from); });
}

}  // namespace mesher::http
