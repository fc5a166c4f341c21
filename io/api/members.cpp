#include <fmt/format.h>

#include <utility>

#include "io/api/body.hpp"
#include "io/api/people.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/postgres/accounts.hpp"

namespace mesher::api {

Json member_json(const postgres::MemberRow& member) {
  return {{"id", member.user_id},
          {"email", member.email},
          {"name", member.name},
          {"role", name_of(member.role)},
          {"joined_at", rfc3339(member.joined_at)}};
}

std::optional<auth::Role> read_role(Body& body) {
  const auto name = body.choice("role", {"member", "admin", "owner"});
  return name ? auth::role_from(*name) : std::nullopt;
}

bool within_own_role(Call& call, std::uint32_t organization_id, auth::Role role) {
  const auto own = call.principal.role_in(organization_id).value_or(auth::Role::member);
  if (role <= own) return true;
  call.parameters.refuse(
      fail(Code::forbidden, fmt::format("you are {}: roles above that are not yours to give or take", name_of(own))));
  return false;
}

http::Response list_members(Call& call) {
  const auto org = visible_org(call);
  const auto list = fmt::format("members|{}", org);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto members = postgres::list_members(call.api.database, org, after, limit + 1);
  if (!members) return fail(members.error());
  std::optional<std::string> next;
  if (cut_to_page(*members, limit)) next = encode_cursor(list, {std::to_string(members->back().user_id)});
  Json data = Json::array();
  for (const auto& member : *members) data.push_back(member_json(member));
  return list_answer(std::move(data), next);
}

http::Response get_member(Call& call) {
  const auto org = visible_org(call);
  const auto user = call.parameters.path_id("user_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto member = postgres::find_member(call.api.database, org, user);
  if (!member) return fail(member.error());
  if (!*member) return no_such("member");
  return tagged_answer(call, member_json(**member));
}

http::Response post_member(Call& call) {
  const auto org = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto email = body.required_text("email", 1, 254);
  const auto role = read_role(body).value_or(auth::Role::member);
  body.finish();
  if (!call.parameters.failed()) static_cast<void>(within_own_role(call, org, role));
  if (call.parameters.failed()) return call.parameters.failure();
  const auto added = postgres::add_member(call.api.database, org, postgres::lower_case(email), role, call.actor());
  if (!added) return fail(added.error());
  if (!*added) {
    return fail(Code::invalid_body, "there is no account with this e-mail address: invite them", "email");
  }
  call.access.authenticator().forget();
  return tagged_answer(call, member_json(**added), 201);
}

http::Response patch_member(Call& call) {
  const auto org = visible_org(call);
  const auto user = call.parameters.path_id("user_id");
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto role = read_role(body);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto edit = [&](postgres::MemberRow& row) {
    if (!meets_if_match(call, member_json(row))) return false;
    if (!within_own_role(call, org, row.role) || !within_own_role(call, org, role.value_or(row.role))) return false;
    row.role = role.value_or(row.role);
    return true;
  };
  const auto changed = postgres::edit_member(call.api.database, org, user, edit, call.actor());
  if (!changed) return fail(changed.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*changed) return no_such("member");
  call.access.authenticator().forget();
  return tagged_answer(call, member_json(**changed));
}

http::Response remove_member(Call& call) {
  const auto org = visible_org(call);
  const auto user = call.parameters.path_id("user_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto allow = [&](const postgres::MemberRow& row) { return within_own_role(call, org, row.role); };
  const auto gone = postgres::remove_member(call.api.database, org, user, allow, call.actor());
  if (!gone) return fail(gone.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*gone) return no_such("member");
  call.access.authenticator().forget();
  return no_content();
}

http::Response leave_org(Call& call) {
  const auto org = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto always = [](const postgres::MemberRow&) { return true; };
  const auto gone = postgres::remove_member(call.api.database, org, call.principal.user_id, always, call.actor());
  if (!gone) return fail(gone.error());
  call.access.authenticator().forget();
  return *gone ? no_content() : no_such("organisation");
}

}  // namespace mesher::api
