#include "io/postgres/teams.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSlugTaken = "another team of this organisation has this slug";
constexpr std::string_view kSelect =
    "select t.id, t.organization_id, t.slug, t.name,"
    " (select count(*) from team_members m where m.team_id = t.id), t.created_at from teams t"
    " where t.organization_id = $1::integer";

TeamRow team_at(const Rows& rows, std::size_t i) {
  return {static_cast<std::uint32_t>(rows.integer(i, 0)),
          static_cast<std::uint32_t>(rows.integer(i, 1)),
          std::string(rows.text(i, 2)),
          std::string(rows.text(i, 3)),
          static_cast<std::uint32_t>(rows.integer(i, 4)),
          rows.time(i, 5)};
}

Result<std::optional<TeamRow>> team_of(Result<Rows> rows) {
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<TeamRow>();
  return std::optional<TeamRow>(team_at(*rows, 0));
}

Change team_change(std::string_view action, const TeamRow& team) {
  Change change;
  change.organization_id = team.organization_id;
  change.action = action;
  change.target_type = "team";
  change.target_id = std::to_string(team.id);
  change.target = team.name;
  return change;
}

/// Who joins or leaves, for the audit log.
Result<std::string> email_of(Connection& connection, std::uint32_t user_id) {
  const auto rows = connection.query("select email from users where id = $1::integer", Params().integer(user_id));
  if (!rows) return rows.error();
  return rows->empty() ? std::string() : std::string(rows->text(0, 0));
}

/// In a statement of its own: the writers of events hold locks on issues too, and must not wait for more than this.
Status unassign(Connection& connection, std::uint32_t organization_id, std::uint32_t team_id) {
  const auto done = connection.query(
      "update issues set assigned_team = null, version = version + 1, changed_at = now() where (project_id, id) in "
      "(select i.project_id, i.id from issues i"
      " join projects p on p.id = i.project_id where p.organization_id = $1::integer and i.assigned_team = $2::integer"
      " order by i.project_id, i.id for no key update of i)",
      Params().integer(organization_id).integer(team_id));
  if (!done) return done.error();
  return {};
}

Status note_membership(Connection& connection, const Actor& actor, std::string_view action, const TeamRow& team,
                       std::uint32_t user_id) {
  const auto email = email_of(connection, user_id);
  if (!email) return email.error();
  auto change = team_change(action, team);
  change.details_json = Json{{"user_id", user_id}, {"email", *email}}.dump();
  return note_change(connection, actor, change);
}

}  // namespace

Result<std::vector<TeamRow>> list_teams(Pool& pool, std::uint32_t organization_id, std::uint32_t after,
                                        std::uint32_t limit) {
  static const std::string kSql = std::string(kSelect) + " and t.id > $2::integer order by t.id limit $3::integer";
  auto rows = pool.query(kSql, Params().integer(organization_id).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<TeamRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(team_at(*rows, i));
  return list;
}

Result<std::optional<TeamRow>> find_team(Pool& pool, std::uint32_t organization_id, std::uint32_t id) {
  static const std::string kSql = std::string(kSelect) + " and t.id = $2::integer";
  return team_of(pool.query(kSql, Params().integer(organization_id).integer(id)));
}

Result<TeamRow> create_team(Pool& pool, const TeamRow& team, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto made = (*lease)->query(
      "insert into teams (organization_id, slug, name) values ($1::integer, $2, $3)"
      " returning id, organization_id, slug, name, 0, created_at",
      Params().integer(team.organization_id).text(team.slug).text(team.name));
  if (!made) return taken(made.error(), kSlugTaken, "slug");
  auto row = team_at(*made, 0);
  if (auto status = note_change(**lease, actor, team_change("team.create", row)); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::optional<TeamRow>> edit_team(Pool& pool, std::uint32_t organization_id, std::uint32_t id,
                                         const std::function<bool(TeamRow&)>& edit, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql = std::string(kSelect) + " and t.id = $2::integer for no key update of t";
  auto found = team_of((*lease)->query(kSql, Params().integer(organization_id).integer(id)));
  if (!found || !*found) return found;
  auto row = **found;
  if (!edit(row)) return std::optional<TeamRow>();
  Json details = Json::object();
  if (row.name != (*found)->name) details["name"] = {{"from", (*found)->name}, {"to", row.name}};
  if (row.slug != (*found)->slug) details["slug"] = {{"from", (*found)->slug}, {"to", row.slug}};
  if (details.empty()) return std::optional(row);
  const auto done = (*lease)->query("update teams set slug = $2, name = $3 where id = $1::integer",
                                    Params().integer(id).text(row.slug).text(row.name));
  if (!done) return taken(done.error(), kSlugTaken, "slug");
  auto change = team_change("team.update", row);
  change.details_json = details.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return std::optional(row);
}

Result<bool> delete_team(Pool& pool, std::uint32_t organization_id, std::uint32_t id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto gone =
      team_of((*lease)->query("delete from teams where organization_id = $1::integer and id = $2::integer"
                              " returning id, organization_id, slug, name, 0, created_at",
                              Params().integer(organization_id).integer(id)));
  if (!gone) return gone.error();
  if (!*gone) return false;
  const auto rules = (*lease)->query("delete from ownership_rules where team_id = $1::integer", Params().integer(id));
  if (!rules) return rules.error();
  if (auto status = note_change(**lease, actor, team_change("team.delete", **gone)); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  if (auto status = unassign(**lease, organization_id, id); !status) return status.error();
  return true;
}

Result<std::vector<MemberRow>> list_team_members(Pool& pool, std::uint32_t team_id, std::uint32_t after,
                                                 std::uint32_t limit) {
  auto rows = pool.query(
      "select t.user_id, u.email, u.name, m.role, t.created_at from team_members t join users u on u.id = t.user_id"
      " join members m on m.organization_id = t.organization_id and m.user_id = t.user_id"
      " where t.team_id = $1::integer and t.user_id > $2::integer order by t.user_id limit $3::integer",
      Params().integer(team_id).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<MemberRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    list.push_back({static_cast<std::uint32_t>(rows->integer(i, 0)), std::string(rows->text(i, 1)),
                    std::string(rows->text(i, 2)), auth::role_from(rows->text(i, 3)).value_or(auth::Role::member),
                    rows->time(i, 4)});
  }
  return list;
}

Result<bool> add_team_member(Pool& pool, const TeamRow& team, std::uint32_t user_id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto member = (*lease)->query(
      "select 1 from members where organization_id = $1::integer and user_id = $2::integer for key share",
      Params().integer(team.organization_id).integer(user_id));
  if (!member) return member.error();
  if (member->empty()) return false;
  const auto made = (*lease)->query(
      "insert into team_members (organization_id, team_id, user_id) select organization_id, id, $3::integer from teams"
      " where organization_id = $1::integer and id = $2::integer on conflict do nothing",
      Params().integer(team.organization_id).integer(team.id).integer(user_id));
  if (!made) return made.error();
  if (made->affected() == 0) return true;
  if (auto status = note_membership(**lease, actor, "team.add_member", team, user_id); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<bool> remove_team_member(Pool& pool, const TeamRow& team, std::uint32_t user_id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto gone = (*lease)->query("delete from team_members where team_id = $1::integer and user_id = $2::integer",
                                    Params().integer(team.id).integer(user_id));
  if (!gone) return gone.error();
  if (gone->affected() == 0) return false;
  if (auto status = note_membership(**lease, actor, "team.remove_member", team, user_id); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

}  // namespace mesher::postgres
