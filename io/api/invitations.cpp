#include "io/postgres/invitations.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/api/people.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/api/sign_in.hpp"
#include "io/auth/password.hpp"
#include "io/http/origin.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestName = 200;
constexpr UnixMicros kDay = 86'400'000'000;
constexpr std::int64_t kMostDays = 90, kUsualDays = 7;

Json invitation_json(const postgres::InvitationRow& row, UnixMicros now) {
  const char* state = row.accepted_at ? "accepted" : row.expires_at <= now ? "expired" : "open";
  return {{"id", row.id},
          {"email", row.email.empty() ? Json() : Json(row.email)},
          {"role", name_of(row.role)},
          {"state", state},
          {"invited_by", row.invited_by.empty() ? Json() : Json(row.invited_by)},
          {"created_at", rfc3339(row.created_at)},
          {"expires_at", rfc3339(row.expires_at)},
          {"accepted_at", row.accepted_at ? Json(rfc3339(*row.accepted_at)) : Json()}};
}

/// The invitation of the path's {secret}; without one the call has failed.
std::optional<postgres::InvitationRow> open_invitation(Call& call, auth::TokenHash& hash) {
  const auto at = call.request.path_parameters.find("secret");
  hash = auth::hash_token(at == call.request.path_parameters.end() ? std::string() : at->second);
  auto found = postgres::find_invitation(call.api.database, hash, call.api.clock.now());
  if (!found) call.parameters.refuse(fail(found.error()));
  if (found && !*found) {
    call.parameters.refuse(fail(Code::not_found, "no such invitation: it was used or taken back, or has expired"));
  }
  if (call.parameters.failed()) return std::nullopt;
  return std::move(*found);
}

/// Who accepts: the caller, or somebody who gets an account with what the body says.
postgres::Acceptance read_acceptance(Call& call, const postgres::InvitationRow& invitation) {
  postgres::Acceptance acceptance;
  Body body(call);
  acceptance.user_id = call.principal.user_id;
  acceptance.email = invitation.email;
  acceptance.address = http::client_address(call.request);
  if (call.principal.user_id != 0) {
    body.finish();
    if (!invitation.email.empty() && invitation.email != call.principal.email) {
      call.parameters.refuse(fail(Code::forbidden, "the invitation is for another e-mail address than yours"));
    }
    return acceptance;
  }
  const auto given = body.text("email", 1, 254);
  if (invitation.email.empty()) acceptance.email = postgres::lower_case(given.value_or(""));
  if (invitation.email.empty() && !postgres::is_email(acceptance.email)) {
    body.refuse("email", given ? "must be an e-mail address" : "is missing");
  }
  if (given && postgres::lower_case(*given) != acceptance.email)
    body.refuse("email", "is not the one that was invited");
  acceptance.name = body.text("name", 0, kLongestName).value_or("");
  const auto password = new_password(body, "password");
  if (!password) body.refuse("password", "is missing");
  body.finish();
  if (!call.parameters.failed()) acceptance.password_hash = auth::hash_password(*password);
  return acceptance;
}

}  // namespace

http::Response list_invitations(Call& call) {
  const auto org = visible_org(call);
  const auto list = fmt::format("invitations|{}", org);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto rows = postgres::list_invitations(call.api.database, org, after, limit + 1);
  if (!rows) return fail(rows.error());
  std::optional<std::string> next;
  if (cut_to_page(*rows, limit)) next = encode_cursor(list, {std::to_string(rows->back().id)});
  Json data = Json::array();
  for (const auto& row : *rows) data.push_back(invitation_json(row, call.api.clock.now()));
  return list_answer(std::move(data), next);
}

http::Response create_invitation(Call& call) {
  const auto org = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::NewInvitation invitation;
  invitation.organization_id = org;
  invitation.email = postgres::lower_case(body.text("email", 1, 254).value_or(""));
  invitation.role = read_role(body).value_or(auth::Role::member);
  const auto days = body.integer("expires_in_days", 1, kMostDays).value_or(kUsualDays);
  body.finish();
  if (!invitation.email.empty() && !postgres::is_email(invitation.email)) {
    body.refuse("email", "must be an e-mail address");
  }
  if (!call.parameters.failed()) static_cast<void>(within_own_role(call, org, invitation.role));
  if (call.parameters.failed()) return call.parameters.failure();
  const auto secret = auth::new_invitation_secret();
  invitation.hash = auth::hash_token(secret);
  invitation.now = call.api.clock.now();
  invitation.expires_at = invitation.now + days * kDay;
  const auto made = postgres::create_invitation(call.api.database, invitation, call.actor());
  if (!made) return fail(made.error());
  auto shown = invitation_json(*made, invitation.now);
  // The only time that it can be seen.
  shown["secret"] = secret;
  shown["link"] = fmt::format("{}/api/v1/invitations/{}", public_url(call), secret);
  return answer(shown, 201);
}

http::Response revoke_invitation(Call& call) {
  const auto org = visible_org(call);
  const auto id = call.parameters.path_id("invitation_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::revoke_invitation(call.api.database, org, id, call.actor());
  if (!gone) return fail(gone.error());
  return *gone ? no_content() : no_such("open invitation");
}

http::Response get_invitation(Call& call) {
  auth::TokenHash hash{};
  const auto invitation = open_invitation(call, hash);
  if (!invitation) return call.parameters.failure();
  return answer({{"organization", {{"id", invitation->organization_id}, {"name", invitation->organization_name}}},
                 {"email", invitation->email.empty() ? Json() : Json(invitation->email)},
                 {"role", name_of(invitation->role)},
                 {"invited_by", invitation->invited_by.empty() ? Json() : Json(invitation->invited_by)},
                 {"expires_at", rfc3339(invitation->expires_at)}});
}

http::Response accept_invitation(Call& call) {
  auth::TokenHash hash{};
  const auto invitation = open_invitation(call, hash);
  if (!invitation) return call.parameters.failure();
  auto acceptance = read_acceptance(call, *invitation);
  if (call.parameters.failed()) return call.parameters.failure();
  acceptance.hash = hash;
  acceptance.now = call.api.clock.now();
  const auto account = postgres::accept_invitation(call.api.database, acceptance);
  if (!account) return fail(account.error());
  if (!*account) return no_such("invitation");
  call.access.authenticator().forget();
  Json body{{"organization", {{"id", invitation->organization_id}, {"name", invitation->organization_name}}},
            {"role", name_of(invitation->role)}};
  if (acceptance.user_id == 0) return start_session(call, **account, std::move(body), 201);
  body["user"] = account_json(**account);
  return answer(body);
}

}  // namespace mesher::api
