#include "io/demo/place.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "io/postgres/organizations.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/projects.hpp"
#include "io/postgres/setup.hpp"
#include "io/postgres/teams.hpp"

namespace mesher::demo {
namespace {

constexpr std::string_view kOrganization = "demo";
constexpr std::string_view kTeam = "payments";

struct Somebody {
  std::string_view nickname, name, role;
  bool in_team;
};
constexpr std::array<Somebody, 5> kPeople{{{"ann", "Ann Keller", "admin", true},
                                           {"ben", "Ben Osei", "member", false},
                                           {"chloe", "Chloé Martin", "member", true},
                                           {"dmitri", "Dmitri Sokolov", "member", false},
                                           {"eva", "Eva Lindqvist", "member", false}}};

std::uint32_t id_in(const postgres::Rows& rows) {
  return static_cast<std::uint32_t>(rows.integer(0, 0));
}

Status find_owner(postgres::Pool& pool, Place& place) {
  auto rows = pool.query("select id, email from users where is_instance_owner order by id limit 1");
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    place.owner_password = postgres::new_public_key();
    auto connection = postgres::Connection::open(pool.options());
    if (!connection) return std::move(connection).error();
    const auto made = postgres::setup(
        *connection, {"Demo", "Shop", "javascript", "owner@localhost.localdomain", place.owner_password, ""});
    if (!made) return made.error();
    rows = pool.query("select id, email from users where is_instance_owner order by id limit 1");
    if (!rows) return std::move(rows).error();
  }
  place.owner_id = id_in(*rows);
  place.owner_email = rows->text(0, 1);
  return {};
}

Status find_organization(postgres::Pool& pool, Place& place) {
  place.organization_slug = kOrganization;
  auto rows = pool.query("select id from organizations where slug = $1", postgres::Params().text(kOrganization));
  if (!rows) return std::move(rows).error();
  if (!rows->empty()) {
    place.organization_id = id_in(*rows);
    return {};
  }
  const auto made = postgres::create_organization(pool, std::string(kOrganization), "Demo", actor_of(place));
  if (!made) return made.error();
  place.organization_id = made->id;
  return {};
}

Status find_people(postgres::Pool& pool, Place& place) {
  for (const auto& somebody : kPeople) {
    // No hash of any password is "!".
    auto rows = pool.query(
        "with made as (insert into users (email, name, password_hash) values ($1, $2, '!')"
        " on conflict (email) do update set name = excluded.name returning id),"
        " joined as (insert into members (organization_id, user_id, role) select $3::integer, id, $4 from made"
        " on conflict do nothing) select id from made",
        postgres::Params()
            .text(std::string(somebody.nickname) + "@demo.example")
            .text(somebody.name)
            .integer(place.organization_id)
            .text(somebody.role));
    if (!rows) return std::move(rows).error();
    place.people.emplace(somebody.nickname, id_in(*rows));
  }
  auto team = pool.query("select id from teams where organization_id = $1::integer and slug = $2",
                         postgres::Params().integer(place.organization_id).text(kTeam));
  if (!team) return std::move(team).error();
  postgres::TeamRow row;
  row.organization_id = place.organization_id;
  row.slug = kTeam;
  row.name = "Payments";
  if (team->empty()) {
    const auto made = postgres::create_team(pool, row, actor_of(place));
    if (!made) return made.error();
    row.id = made->id;
  } else {
    row.id = id_in(*team);
  }
  place.team_id = row.id;
  for (const auto& somebody : kPeople) {
    if (!somebody.in_team) continue;
    const auto added =
        postgres::add_team_member(pool, row, place.people.at(std::string(somebody.nickname)), actor_of(place));
    if (!added) return added.error();
  }
  return {};
}

Status find_project(postgres::Pool& pool, const std::string& name, Place& place) {
  place.project_slug = postgres::slug_of(name, "project");
  auto rows = pool.query("select id from projects where organization_id = $1::integer and slug = $2",
                         postgres::Params().integer(place.organization_id).text(place.project_slug));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) {
    postgres::ProjectRow project;
    project.organization_id = place.organization_id;
    project.slug = place.project_slug;
    project.name = name;
    project.platform = "javascript";
    project.settings_json = R"({"filters":{"web_crawlers":true}})";
    const auto made = postgres::create_project(pool, project, actor_of(place));
    if (!made) return made.error();
    place.project_id = made->id;
  } else {
    place.project_id = id_in(*rows);
  }
  auto key = pool.query(
      "select id, public_key from project_keys where project_id = $1::integer and enabled order by id limit 1",
      postgres::Params().integer(place.project_id));
  if (!key) return std::move(key).error();
  if (key->empty()) return Error{ErrorCode::not_found, "the project has no enabled key", "make one in its settings"};
  place.key_id = id_in(*key);
  place.public_key = key->text(0, 1);
  auto issues = pool.query("select from issues where project_id = $1::integer limit 1",
                           postgres::Params().integer(place.project_id));
  if (!issues) return std::move(issues).error();
  place.has_issues = !issues->empty();
  return {};
}

}  // namespace

postgres::Actor actor_of(const Place& place) {
  postgres::Actor actor;
  actor.user_id = place.owner_id;
  actor.name = "mesher demo";
  return actor;
}

Result<Place> make_place(postgres::Pool& pool, const std::string& project) {
  Place place;
  if (auto status = find_owner(pool, place); !status) return status.error();
  if (auto status = find_organization(pool, place); !status) return status.error();
  if (auto status = find_people(pool, place); !status) return status.error();
  if (auto status = find_project(pool, project, place); !status) return status.error();
  return place;
}

Status backdate_place(postgres::Pool& pool, const Place& place, UnixMicros began) {
  auto rows = pool.query(
      "with o as (update organizations set created_at = least(created_at, $3::timestamptz) where id = $1::integer),"
      " m as (update members set created_at = least(created_at, $3::timestamptz) where organization_id = $1::integer) "
      "update projects set created_at = least(created_at, $3::timestamptz) where id = $2::integer",
      postgres::Params().integer(place.organization_id).integer(place.project_id).time(began));
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace mesher::demo
