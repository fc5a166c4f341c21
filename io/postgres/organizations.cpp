#include "io/postgres/organizations.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "io/postgres/pool.hpp"
#include "io/postgres/sql_error.hpp"

namespace mesher::postgres {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kSlugTaken = "this slug is in use";

std::uint32_t id_at(const Rows& rows, std::size_t row, int column) {
  return static_cast<std::uint32_t>(rows.integer(row, column));
}

OrganizationRow organization_at(const Rows& rows) {
  OrganizationRow row;
  row.id = id_at(rows, 0, 0);
  row.slug = rows.text(0, 1);
  row.name = rows.text(0, 2);
  row.created_at = rows.time(0, 3);
  return row;
}

MemberRow member_at(const Rows& rows, std::size_t i) {
  MemberRow row;
  row.user_id = id_at(rows, i, 0);
  row.email = rows.text(i, 1);
  row.name = rows.text(i, 2);
  row.role = auth::role_from(rows.text(i, 3)).value_or(auth::Role::member);
  row.joined_at = rows.time(i, 4);
  return row;
}

constexpr const char* kMembers =
    "select m.user_id, u.email, u.name, m.role, m.created_at from members m join users u on u.id = m.user_id"
    " where m.organization_id = $1::integer";

Change organization_change(std::string_view action, const OrganizationRow& row) {
  Change change;
  change.organization_id = row.id;
  change.action = action;
  change.target_type = "organization";
  change.target_id = std::to_string(row.id);
  change.target = row.name;
  return change;
}

Change member_change(std::string_view action, std::uint32_t organization_id, const MemberRow& row) {
  Change change;
  change.organization_id = organization_id;
  change.action = action;
  change.target_type = "member";
  change.target_id = std::to_string(row.user_id);
  change.target = row.email;
  return change;
}

Json from_to(const std::string& from, const std::string& to) {
  return {{"from", from}, {"to", to}};
}

/// Locks the members of an organisation against each other's changes, and reads one.
Result<std::optional<MemberRow>> locked_member(Connection& connection, std::uint32_t organization_id,
                                               std::uint32_t user_id) {
  const auto locked = connection.query("select 1 from organizations where id = $1::integer for no key update",
                                       Params().integer(organization_id));
  if (!locked) return locked.error();
  static const std::string kSql = std::string(kMembers) + " and m.user_id = $2::integer";
  const auto rows = connection.query(kSql, Params().integer(organization_id).integer(user_id));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<MemberRow>();
  return std::optional<MemberRow>(member_at(*rows, 0));
}

/// Error: conflict, if there is no other owner.
Status other_owner(Connection& connection, std::uint32_t organization_id, std::uint32_t user_id) {
  const auto rows = connection.query(
      "select 1 from members where organization_id = $1::integer and user_id <> $2::integer and role = 'owner' limit 1",
      Params().integer(organization_id).integer(user_id));
  if (!rows) return rows.error();
  if (rows->empty()) return Error{ErrorCode::conflict, "the last owner of an organisation must stay its owner", ""};
  return {};
}

/// In a statement of its own: the writers of events hold locks on issues too, and must not wait for more than this.
Status unassign(Connection& connection, std::uint32_t organization_id, std::uint32_t user_id) {
  const auto done = connection.query(
      "update issues set assigned_user = null, version = version + 1, changed_at = now() where (project_id, id) in "
      "(select i.project_id, i.id from issues i"
      " join projects p on p.id = i.project_id where p.organization_id = $1::integer and i.assigned_user = $2::integer"
      " order by i.project_id, i.id for no key update of i)",
      Params().integer(organization_id).integer(user_id));
  if (!done) return done.error();
  return {};
}

}  // namespace

Error taken(Error error, const char* message, const char* field) {
  if (!has_sqlstate(error, sqlstate::kUniqueViolation)) return error;
  return {ErrorCode::conflict, message, field};
}

Result<OrganizationRow> create_organization(Pool& pool, const std::string& slug, const std::string& name,
                                            const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto made =
      (*lease)->query("insert into organizations (slug, name) values ($1, $2) returning id, slug, name, created_at",
                      Params().text(slug).text(name));
  if (!made) return taken(made.error(), kSlugTaken, "slug");
  auto row = organization_at(*made);
  const auto owner =
      (*lease)->query("insert into members (organization_id, user_id, role) values ($1::integer, $2::integer, 'owner')",
                      Params().integer(row.id).integer(actor.user_id));
  if (!owner) return owner.error();
  if (auto status = note_change(**lease, actor, organization_change("organization.create", row)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::optional<OrganizationRow>> edit_organization(Pool& pool, std::uint32_t id,
                                                         const std::function<bool(OrganizationRow&)>& edit,
                                                         const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto found =
      (*lease)->query("select id, slug, name, created_at from organizations where id = $1::integer for no key update",
                      Params().integer(id));
  if (!found) return found.error();
  if (found->empty()) return std::optional<OrganizationRow>();
  const auto before = organization_at(*found);
  auto row = before;
  if (!edit(row)) return std::optional<OrganizationRow>();
  Json details = Json::object();
  if (row.name != before.name) details["name"] = from_to(before.name, row.name);
  if (row.slug != before.slug) details["slug"] = from_to(before.slug, row.slug);
  if (details.empty()) return std::optional(row);
  const auto done = (*lease)->query("update organizations set slug = $2, name = $3 where id = $1::integer",
                                    Params().integer(id).text(row.slug).text(row.name));
  if (!done) return taken(done.error(), kSlugTaken, "slug");
  auto change = organization_change("organization.update", row);
  change.details_json = details.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return std::optional(row);
}

Result<bool> delete_organization(Pool& pool, std::uint32_t id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto gone = (*lease)->query(
      "delete from organizations where id = $1::integer returning id, slug, name, created_at", Params().integer(id));
  if (!gone) return gone.error();
  if (gone->empty()) return false;
  // Nobody is left who could read the organisation's own log.
  auto change = organization_change("organization.delete", organization_at(*gone));
  change.organization_id = 0;
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<std::vector<MemberRow>> list_members(Pool& pool, std::uint32_t organization_id, std::uint32_t after,
                                            std::uint32_t limit) {
  static const std::string kSql =
      std::string(kMembers) + " and m.user_id > $2::integer order by m.user_id limit $3::integer";
  auto rows = pool.query(kSql, Params().integer(organization_id).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<MemberRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(member_at(*rows, i));
  return list;
}

Result<std::optional<MemberRow>> find_member(Pool& pool, std::uint32_t organization_id, std::uint32_t user_id) {
  static const std::string kSql = std::string(kMembers) + " and m.user_id = $2::integer";
  auto rows = pool.query(kSql, Params().integer(organization_id).integer(user_id));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<MemberRow>();
  return std::optional<MemberRow>(member_at(*rows, 0));
}

Result<std::optional<MemberRow>> add_member(Pool& pool, std::uint32_t organization_id, const std::string& email,
                                            auth::Role role, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto made = (*lease)->query(
      "insert into members (organization_id, user_id, role) select $1::integer, id, $3 from users where email = $2"
      " returning user_id",
      Params().integer(organization_id).text(email).text(auth::name_of(role)));
  if (!made) return taken(made.error(), "is a member already", "email");
  if (made->empty()) return std::optional<MemberRow>();
  auto row = locked_member(**lease, organization_id, id_at(*made, 0, 0));
  if (!row || !*row) return row;
  auto change = member_change("member.add", organization_id, **row);
  change.details_json = Json{{"role", auth::name_of(role)}}.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::optional<MemberRow>> edit_member(Pool& pool, std::uint32_t organization_id, std::uint32_t user_id,
                                             const std::function<bool(MemberRow&)>& edit, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  auto found = locked_member(**lease, organization_id, user_id);
  if (!found || !*found) return found;
  auto row = **found;
  if (!edit(row)) return std::optional<MemberRow>();
  if (row.role == (*found)->role) return std::optional(row);
  if ((*found)->role == auth::Role::owner) {
    if (auto status = other_owner(**lease, organization_id, user_id); !status) return status.error();
  }
  const auto done =
      (*lease)->query("update members set role = $3 where organization_id = $1::integer and user_id = $2::integer",
                      Params().integer(organization_id).integer(user_id).text(auth::name_of(row.role)));
  if (!done) return done.error();
  auto change = member_change("member.update", organization_id, row);
  change.details_json =
      Json{{"role", from_to(std::string(name_of((*found)->role)), std::string(name_of(row.role)))}}.dump();
  if (auto status = note_change(**lease, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return std::optional(row);
}

Result<bool> remove_member(Pool& pool, std::uint32_t organization_id, std::uint32_t user_id,
                           const std::function<bool(const MemberRow&)>& allow, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto found = locked_member(**lease, organization_id, user_id);
  if (!found) return found.error();
  if (!*found || !allow(**found)) return false;
  if ((*found)->role == auth::Role::owner) {
    if (auto status = other_owner(**lease, organization_id, user_id); !status) return status.error();
  }
  const auto rules = (*lease)->query(
      "delete from ownership_rules r using projects p where p.id = r.project_id and p.organization_id = $1::integer"
      " and r.user_id = $2::integer",
      Params().integer(organization_id).integer(user_id));
  if (!rules) return rules.error();
  const auto done = (*lease)->query("delete from members where organization_id = $1::integer and user_id = $2::integer",
                                    Params().integer(organization_id).integer(user_id));
  if (!done) return done.error();
  if (auto status = note_change(**lease, actor, member_change("member.remove", organization_id, **found)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  if (auto status = unassign(**lease, organization_id, user_id); !status) return status.error();
  return true;
}

}  // namespace mesher::postgres
