#include "io/api/sign_in.hpp"

#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/auth/password.hpp"
#include "io/auth/token.hpp"
#include "io/http/origin.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestEmail = 254;
constexpr std::size_t kLongestUserAgent = 300;

std::string user_agent(const http::Request& request) {
  const auto text = request.header("user-agent").substr(0, kLongestUserAgent);
  return is_clean_text(text) ? std::string(text) : std::string();
}

}  // namespace

Json account_json(const postgres::Account& account) {
  return {{"id", account.id},
          {"email", account.email},
          {"name", account.name},
          {"is_instance_owner", account.instance_owner}};
}

bool check_password(Call& call, const std::string& email, const std::string& password,
                    std::optional<postgres::Account>& account) {
  const auto address = http::client_address(call.request);
  const auto key = postgres::lower_case(email);
  if (const auto verdict = call.access.try_sign_in(key, address); !verdict.allowed) {
    call.parameters.refuse(too_many("too many failed attempts to sign in", verdict.retry_after));
    return false;
  }
  auto found = postgres::find_account(call.api.database, email);
  if (!found) {
    call.access.sign_in_unfinished(key, address);
    call.parameters.refuse(fail(found.error()));
    return false;
  }
  // One path for known and unknown addresses: a hash is checked in any case.
  const auto& hash = *found ? (*found)->password_hash : auth::nobodys_hash();
  const bool matches = auth::password_matches(hash, password);
  if (!matches || !*found) {
    call.parameters.refuse(fail(Code::invalid_credentials, "the e-mail address or the password is wrong"));
    return false;
  }
  call.access.sign_in_succeeded(key, address);
  account = std::move(*found);
  return true;
}

std::optional<std::string> new_password(Body& body, std::string_view name) {
  return body.secret(name, auth::kShortestPassword, auth::kLongestPassword);
}

http::Response start_session(Call& call, const postgres::Account& account, Json body, int status) {
  const auto secret = auth::new_session_secret();
  postgres::NewSession session;
  session.hash = auth::hash_token(secret);
  session.now = call.api.clock.now();
  session.expires_at = session.now + std::chrono::microseconds(call.access.settings().session_lifetime).count();
  session.address = http::client_address(call.request);
  session.user_agent = user_agent(call.request);
  if (const auto old = http::session_cookie(call.request); !old.empty()) session.replaces = auth::hash_token(old);
  const postgres::Actor actor{account.id, 0, account.email, session.address};
  const auto id = postgres::create_session(call.api.database, account.id, session, actor);
  if (!id) return fail(id.error());
  call.access.authenticator().forget();
  body["user"] = account_json(account);
  body["csrf_token"] = auth::csrf_token_of(secret);
  body["session"] = {{"id", *id}, {"expires_at", rfc3339(session.expires_at)}};
  auto response = answer(body, status);
  response.headers.emplace_back("Set-Cookie", call.access.cookie_of(call.request, secret));
  return response;
}

http::Response log_in(Call& call) {
  Body body(call);
  const auto email = body.required_text("email", 1, kLongestEmail);
  const auto password = body.required_secret("password", 1, auth::kLongestPassword);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  std::optional<postgres::Account> account;
  if (!check_password(call, email, password, account)) return call.parameters.failure();
  return start_session(call, *account, Json::object(), 200);
}

http::Response log_out(Call& call) {
  if (call.principal.session_id != 0) {
    const auto ended = postgres::end_session(call.api.database, call.principal.user_id, call.principal.session_id);
    if (!ended) return fail(ended.error());
    call.access.authenticator().forget();
  }
  auto response = no_content();
  response.headers.emplace_back("Set-Cookie", call.access.cookie_of(call.request, {}));
  return response;
}

}  // namespace mesher::api
