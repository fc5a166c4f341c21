#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

Json org_json(const postgres::OrganizationRow& org, const auth::Principal& principal) {
  const auto role = principal.role_in(org.id).value_or(auth::Role::member);
  return {{"id", org.id},
          {"slug", org.slug},
          {"name", org.name},
          {"role", name_of(role)},
          {"created_at", rfc3339(org.created_at)}};
}

/// The id of the path if the caller is a member; otherwise the call has failed.
std::uint32_t visible_org(Call& call) {
  const std::uint32_t id = call.parameters.path_id("id");
  if (!call.principal.may_see(id)) call.parameters.refuse(no_such("organisation"));
  return id;
}

}  // namespace

http::Response get_me(Call& call) {
  const auto& principal = call.principal;
  auto orgs = postgres::list_organizations(call.api.database, principal.organization_ids(), 0, kMaxLimit);
  if (!orgs) return fail(orgs.error());
  Json organizations = Json::array();
  for (const auto& org : *orgs) organizations.push_back(org_json(org, principal));
  return answer({{"user",
                  {{"id", principal.user_id},
                   {"email", principal.email},
                   {"name", principal.name},
                   {"is_instance_owner", principal.instance_owner}}},
                 {"organizations", std::move(organizations)},
                 {"token", {{"id", principal.token_id}, {"scope", name_of(*principal.scope)}}}});
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

http::Response get_org(Call& call) {
  const std::uint32_t id = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  auto orgs = postgres::list_organizations(call.api.database, {id}, 0, 1);
  if (!orgs) return fail(orgs.error());
  if (orgs->empty()) return no_such("organisation");
  return answer(org_json(orgs->front(), call.principal));
}

http::Response list_org_projects(Call& call) {
  const std::uint32_t id = visible_org(call);
  const std::string list = "projects|" + std::to_string(id);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto projects = postgres::list_projects(call.api.database, id, after, limit + 1);
  if (!projects) return fail(projects.error());
  std::optional<std::string> next;
  if (cut_to_page(*projects, limit)) next = encode_cursor(list, {std::to_string(projects->back().id)});
  Json data = Json::array();
  for (const auto& project : *projects) data.push_back(project_json(project));
  return list_answer(std::move(data), next);
}

}  // namespace mesher::api
