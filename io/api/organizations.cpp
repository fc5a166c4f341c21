#include "io/postgres/organizations.hpp"

#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/api/slug.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestName = 200;

}  // namespace

Json org_json(const postgres::OrganizationRow& org, const auth::Principal& principal) {
  const auto role = principal.role_in(org.id).value_or(auth::Role::member);
  return {{"id", org.id},
          {"slug", org.slug},
          {"name", org.name},
          {"role", name_of(role)},
          {"created_at", rfc3339(org.created_at)}};
}

http::Response list_orgs(Call& call) {
  constexpr std::string_view kList = "orgs";
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, kList);
  if (call.parameters.failed()) return call.parameters.failure();
  auto orgs = postgres::list_organizations(call.api.database, call.principal.organization_ids(), after, limit + 1);
  if (!orgs) return fail(orgs.error());
  std::optional<std::string> next;
  if (cut_to_page(*orgs, limit)) next = encode_cursor(kList, {std::to_string(orgs->back().id)});
  Json data = Json::array();
  for (const auto& org : *orgs) data.push_back(org_json(org, call.principal));
  return list_answer(std::move(data), next);
}

http::Response create_org(Call& call) {
  Body body(call);
  const auto name = body.required_text("name", 1, kLongestName);
  const auto slug = read_slug(body, name, "organization");
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto made = postgres::create_organization(call.api.database, *slug, name, call.actor());
  if (!made) return fail(made.error());
  call.access.authenticator().forget();
  auto caller = call.principal;
  caller.organizations[made->id] = auth::Role::owner;
  return tagged_answer(call, org_json(*made, caller), 201);
}

http::Response get_org(Call& call) {
  const std::uint32_t id = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  auto orgs = postgres::list_organizations(call.api.database, {id}, 0, 1);
  if (!orgs) return fail(orgs.error());
  if (orgs->empty()) return no_such("organisation");
  return tagged_answer(call, org_json(orgs->front(), call.principal));
}

http::Response patch_org(Call& call) {
  const std::uint32_t id = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto name = body.text("name", 1, kLongestName);
  const auto slug = read_slug(body);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto edit = [&](postgres::OrganizationRow& row) {
    if (!meets_if_match(call, org_json(row, call.principal))) return false;
    if (name) row.name = *name;
    if (slug) row.slug = *slug;
    return true;
  };
  const auto changed = postgres::edit_organization(call.api.database, id, edit, call.actor());
  if (!changed) return fail(changed.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*changed) return no_such("organisation");
  return tagged_answer(call, org_json(**changed, call.principal));
}

http::Response delete_org(Call& call) {
  const std::uint32_t id = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::delete_organization(call.api.database, id, call.actor());
  if (!gone) return fail(gone.error());
  call.access.authenticator().forget();
  return *gone ? no_content() : no_such("organisation");
}

}  // namespace mesher::api
