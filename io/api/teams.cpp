#include "io/postgres/teams.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/api/people.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/api/slug.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestName = 200;

Json team_json(const postgres::TeamRow& team) {
  return {{"id", team.id},     {"organization_id", team.organization_id}, {"slug", team.slug},
          {"name", team.name}, {"member_count", team.member_count},       {"created_at", rfc3339(team.created_at)}};
}

/// The team of the path; without one the call has failed.
std::optional<postgres::TeamRow> visible_team(Call& call) {
  const auto org = visible_org(call);
  const auto id = call.parameters.path_id("team_id");
  if (call.parameters.failed()) return std::nullopt;
  auto team = postgres::find_team(call.api.database, org, id);
  if (!team) call.parameters.refuse(fail(team.error()));
  if (team && !*team) call.parameters.refuse(no_such("team"));
  if (call.parameters.failed()) return std::nullopt;
  return std::move(*team);
}

}  // namespace

http::Response list_teams(Call& call) {
  const auto org = visible_org(call);
  const auto list = fmt::format("teams|{}", org);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto teams = postgres::list_teams(call.api.database, org, after, limit + 1);
  if (!teams) return fail(teams.error());
  std::optional<std::string> next;
  if (cut_to_page(*teams, limit)) next = encode_cursor(list, {std::to_string(teams->back().id)});
  Json data = Json::array();
  for (const auto& team : *teams) data.push_back(team_json(team));
  return list_answer(std::move(data), next);
}

http::Response create_team(Call& call) {
  const auto org = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::TeamRow team;
  team.organization_id = org;
  team.name = body.required_text("name", 1, kLongestName);
  const auto slug = read_slug(body, team.name, "team");
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  team.slug = *slug;
  const auto made = postgres::create_team(call.api.database, team, call.actor());
  if (!made) return fail(made.error());
  return tagged_answer(call, team_json(*made), 201);
}

http::Response get_team(Call& call) {
  const auto team = visible_team(call);
  if (!team) return call.parameters.failure();
  return tagged_answer(call, team_json(*team));
}

http::Response patch_team(Call& call) {
  const auto team = visible_team(call);
  if (!team) return call.parameters.failure();
  Body body(call);
  const auto name = body.text("name", 1, kLongestName);
  const auto slug = read_slug(body);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto edit = [&](postgres::TeamRow& row) {
    if (!meets_if_match(call, team_json(row))) return false;
    if (name) row.name = *name;
    if (slug) row.slug = *slug;
    return true;
  };
  const auto changed = postgres::edit_team(call.api.database, team->organization_id, team->id, edit, call.actor());
  if (!changed) return fail(changed.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*changed) return no_such("team");
  return tagged_answer(call, team_json(**changed));
}

http::Response delete_team(Call& call) {
  const auto org = visible_org(call);
  const auto id = call.parameters.path_id("team_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::delete_team(call.api.database, org, id, call.actor());
  if (!gone) return fail(gone.error());
  return *gone ? no_content() : no_such("team");
}

http::Response list_team_members(Call& call) {
  const auto team = visible_team(call);
  if (!team) return call.parameters.failure();
  const auto list = fmt::format("team members|{}", team->id);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto members = postgres::list_team_members(call.api.database, team->id, after, limit + 1);
  if (!members) return fail(members.error());
  std::optional<std::string> next;
  if (cut_to_page(*members, limit)) next = encode_cursor(list, {std::to_string(members->back().user_id)});
  Json data = Json::array();
  for (const auto& member : *members) data.push_back(member_json(member));
  return list_answer(std::move(data), next);
}

http::Response add_team_member(Call& call) {
  const auto team = visible_team(call);
  const auto user = call.parameters.path_id("user_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto added = postgres::add_team_member(call.api.database, *team, user, call.actor());
  if (!added) return fail(added.error());
  return *added ? no_content() : no_such("member");
}

http::Response remove_team_member(Call& call) {
  const auto team = visible_team(call);
  const auto user = call.parameters.path_id("user_id");
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::remove_team_member(call.api.database, *team, user, call.actor());
  if (!gone) return fail(gone.error());
  return *gone ? no_content() : no_such("member");
}

}  // namespace mesher::api
