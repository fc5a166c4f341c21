#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/api/sign_in.hpp"
#include "io/auth/password.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr std::uint32_t kMostTokens = 200;

Json session_json(const postgres::SessionRow& session, const auth::Principal& principal) {
  return {{"id", session.id},
          {"created_at", rfc3339(session.created_at)},
          {"last_used_at", rfc3339(session.last_used_at)},
          {"expires_at", rfc3339(session.expires_at)},
          {"address", session.address},
          {"user_agent", session.user_agent},
          {"is_current", session.id == principal.session_id}};
}

Json time_or_null(const std::optional<UnixMicros>& time) {
  return time ? Json(rfc3339(*time)) : Json();
}

Json token_json(const postgres::ApiTokenRow& token, const auth::Principal& principal) {
  return {{"id", token.id},
          {"name", token.name},
          {"scopes", token.scopes},
          {"created_at", rfc3339(token.created_at)},
          {"expires_at", time_or_null(token.expires_at)},
          {"last_used_at", time_or_null(token.last_used_at)},
          {"is_current", token.id == principal.token_id}};
}

/// A new password needs the old one, which counts as an attempt to sign in: who has got hold of a session must not be
/// able to guess the password.
std::optional<std::string> changed_password(Call& call, Body& body) {
  auto password = new_password(body, "password");
  const auto old = body.secret("old_password", 1, auth::kLongestPassword);
  if (password && !old) body.refuse("old_password", "is missing: a new password needs the old one");
  if (old && !password) body.refuse("password", "is missing: this is where the new one goes");
  body.finish();
  if (call.parameters.failed() || !password) return std::nullopt;
  std::optional<postgres::Account> account;
  if (!check_password(call, call.principal.email, *old, account)) return std::nullopt;
  return auth::hash_password(*password);
}

}  // namespace

http::Response get_me(Call& call) {
  const auto& principal = call.principal;
  auto orgs = postgres::list_organizations(call.api.database, principal.organization_ids(), 0, kMaxLimit);
  if (!orgs) return fail(orgs.error());
  Json organizations = Json::array();
  for (const auto& org : *orgs) organizations.push_back(org_json(org, principal));
  Json body{{"user",
             {{"id", principal.user_id},
              {"email", principal.email},
              {"name", principal.name},
              {"is_instance_owner", principal.instance_owner}}},
            {"organizations", std::move(organizations)}};
  if (principal.session_id != 0) {
    body["session"] = {{"id", principal.session_id}};
    body["csrf_token"] = principal.csrf_token;
  } else {
    body["token"] = {{"id", principal.token_id}, {"scope", name_of(*principal.scope)}};
  }
  return answer(body);
}

http::Response patch_me(Call& call) {
  Body body(call);
  postgres::AccountEdit edit;
  edit.name = body.text("name", 0, kLongestName);
  edit.password_hash = changed_password(call, body);
  edit.keep_session = call.principal.session_id;
  if (call.parameters.failed()) return call.parameters.failure();
  const auto& id = call.principal.user_id;
  if (auto status = postgres::edit_account(call.api.database, id, edit, call.actor()); !status) {
    return fail(status.error());
  }
  call.access.authenticator().forget();
  const auto account = postgres::find_account(call.api.database, id);
  if (!account) return fail(account.error());
  if (!*account) return no_such("account");
  return answer({{"user", account_json(**account)}});
}

http::Response list_my_sessions(Call& call) {
  constexpr std::string_view kList = "sessions";
  const std::uint32_t limit = call.parameters.limit();
  std::int64_t after = 0;
  if (const auto values = call.parameters.cursor(kList, 1)) after = number_of(values->front());
  if (call.parameters.failed()) return call.parameters.failure();
  const auto now = call.api.clock.now();
  const auto idle = std::chrono::microseconds(call.access.settings().session_idle).count();
  auto sessions = postgres::list_sessions(call.api.database, call.principal.user_id, now, now - idle, after, limit + 1);
  if (!sessions) return fail(sessions.error());
  std::optional<std::string> next;
  if (cut_to_page(*sessions, limit)) next = encode_cursor(kList, {std::to_string(sessions->back().id)});
  Json data = Json::array();
  for (const auto& session : *sessions) data.push_back(session_json(session, call.principal));
  return list_answer(std::move(data), next);
}

http::Response end_my_session(Call& call) {
  const auto id = call.parameters.path_big_id("id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto ended = postgres::end_session(call.api.database, call.principal.user_id, id);
  if (!ended) return fail(ended.error());
  if (!*ended) return no_such("session");
  call.access.authenticator().forget();
  return no_content();
}

http::Response list_tokens(Call& call) {
  constexpr std::string_view kList = "tokens";
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, kList);
  if (call.parameters.failed()) return call.parameters.failure();
  auto tokens = postgres::list_api_tokens(call.api.database, call.principal.user_id, after, limit + 1);
  if (!tokens) return fail(tokens.error());
  std::optional<std::string> next;
  if (cut_to_page(*tokens, limit)) next = encode_cursor(kList, {std::to_string(tokens->back().id)});
  Json data = Json::array();
  for (const auto& token : *tokens) data.push_back(token_json(token, call.principal));
  return list_answer(std::move(data), next);
}

http::Response create_token(Call& call) {
  Body body(call);
  postgres::NewApiToken token;
  token.name = body.required_text("name", 1, kLongestName);
  if (auto scopes = body.texts("scopes", 3, 10)) token.scopes = *std::move(scopes);
  token.expires_at = body.time("expires_at");
  body.finish();
  for (const auto& scope : token.scopes) {
    if (!auth::scope_from({scope})) body.refuse("scopes", "must be some of read, write, admin");
  }
  if (token.scopes.empty()) body.refuse("scopes", "must name what the token is for: read, write or admin");
  if (token.expires_at && *token.expires_at <= call.api.clock.now()) body.refuse("expires_at", "must be to come");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto secret = auth::new_token_secret();
  token.hash = auth::hash_token(secret);
  const auto made =
      postgres::create_api_token(call.api.database, call.principal.user_id, token, kMostTokens, call.actor());
  if (!made) return fail(made.error());
  auto shown = token_json(*made, call.principal);
  shown["token"] = secret;  // the only time that it can be seen
  return answer(shown, 201);
}

http::Response revoke_token(Call& call) {
  const auto id = call.parameters.path_id("id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::revoke_api_token(call.api.database, call.principal.user_id, id, call.actor());
  if (!gone) return fail(gone.error());
  if (!*gone) return no_such("token");
  call.access.authenticator().forget();
  return no_content();
}

}  // namespace mesher::api
