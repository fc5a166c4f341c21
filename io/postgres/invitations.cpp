#include "io/postgres/invitations.hpp"

#include <utility>

#include "io/postgres/organizations.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kSelect =
    "select v.id, v.organization_id, o.name, v.email, v.role, coalesce(u.email, ''), v.created_at, v.expires_at,"
    " v.accepted_at from invitations v join organizations o on o.id = v.organization_id"
    " left join users u on u.id = v.invited_by";

std::string_view raw(const auth::TokenHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

InvitationRow invitation_at(const Rows& rows, std::size_t i) {
  InvitationRow row;
  row.id = static_cast<std::uint32_t>(rows.integer(i, 0));
  row.organization_id = static_cast<std::uint32_t>(rows.integer(i, 1));
  row.organization_name = rows.text(i, 2);
  row.email = rows.text(i, 3);
  row.role = auth::role_from(rows.text(i, 4)).value_or(auth::Role::member);
  row.invited_by = rows.text(i, 5);
  row.created_at = rows.time(i, 6);
  row.expires_at = rows.time(i, 7);
  if (!rows.is_null(i, 8)) row.accepted_at = rows.time(i, 8);
  return row;
}

Change invitation_change(std::string_view action, const InvitationRow& row) {
  Change change;
  change.organization_id = row.organization_id;
  change.action = action;
  change.target_type = "invitation";
  change.target_id = std::to_string(row.id);
  change.target = row.email;
  change.details_json = R"({"role":")" + std::string(name_of(row.role)) + R"("})";
  return change;
}

/// Makes the account, or finds the one that accepts.
Result<std::optional<Account>> accepting_account(Connection& connection, const Acceptance& acceptance) {
  if (acceptance.user_id == 0) {
    const auto made =
        connection.query("insert into users (email, name, password_hash) values ($1, $2, $3) returning id",
                         Params().text(acceptance.email).text(acceptance.name).text(acceptance.password_hash));
    if (!made) {
      return taken(made.error(), "there is an account with this address: sign in to accept the invitation", "email");
    }
    return std::optional<Account>({static_cast<std::uint32_t>(made->integer(0, 0)), acceptance.email, acceptance.name,
                                   acceptance.password_hash, false});
  }
  const auto found = connection.query("select email, name, is_instance_owner from users where id = $1::integer",
                                      Params().integer(acceptance.user_id));
  if (!found) return found.error();
  if (found->empty()) return std::optional<Account>();
  return std::optional<Account>(
      {acceptance.user_id, std::string(found->text(0, 0)), std::string(found->text(0, 1)), "", found->boolean(0, 2)});
}

}  // namespace

Result<InvitationRow> create_invitation(Pool& pool, const NewInvitation& invitation, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto member = (*lease)->query(
      "select 1 from members m join users u on u.id = m.user_id where m.organization_id = $1::integer and u.email = $2",
      Params().integer(invitation.organization_id).text(invitation.email));
  if (!member) return member.error();
  if (!member->empty()) return Error{ErrorCode::conflict, "is a member already", "email"};
  Params params;
  params.integer(invitation.organization_id).bytes(raw(invitation.hash)).text(invitation.email);
  params.text(name_of(invitation.role)).integer(actor.user_id).time(invitation.now).time(invitation.expires_at);
  const auto made = (*lease)->query(
      "insert into invitations (organization_id, secret_hash, email, role, invited_by, created_at, expires_at)"
      " values ($1::integer, $2::bytea, $3, $4, $5::integer, $6::timestamptz, $7::timestamptz) returning id",
      params);
  if (!made) return made.error();
  static const std::string kSql = std::string(kSelect) + " where v.id = $1::integer";
  const auto rows = (*lease)->query(kSql, Params().integer(made->integer(0, 0)));
  if (!rows) return rows.error();
  auto row = invitation_at(*rows, 0);
  if (auto status = note_change(**lease, actor, invitation_change("invitation.create", row)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<std::vector<InvitationRow>> list_invitations(Pool& pool, std::uint32_t organization_id, std::uint32_t after,
                                                    std::uint32_t limit) {
  static const std::string kSql =
      std::string(kSelect) +
      " where v.organization_id = $1::integer and v.id > $2::integer order by v.id limit $3::integer";
  auto rows = pool.query(kSql, Params().integer(organization_id).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<InvitationRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(invitation_at(*rows, i));
  return list;
}

Result<bool> revoke_invitation(Pool& pool, std::uint32_t organization_id, std::uint32_t id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto gone = (*lease)->query(
      "delete from invitations where organization_id = $1::integer and id = $2::integer and accepted_at is null"
      " returning email, role",
      Params().integer(organization_id).integer(id));
  if (!gone) return gone.error();
  if (gone->empty()) return false;
  InvitationRow row;
  row.id = id;
  row.organization_id = organization_id;
  row.email = gone->text(0, 0);
  row.role = auth::role_from(gone->text(0, 1)).value_or(auth::Role::member);
  if (auto status = note_change(**lease, actor, invitation_change("invitation.revoke", row)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<std::optional<InvitationRow>> find_invitation(Pool& pool, const auth::TokenHash& hash, UnixMicros now) {
  static const std::string kSql = std::string(kSelect) +
                                  " where v.secret_hash = $1::bytea and v.accepted_at is null"
                                  " and v.expires_at > $2::timestamptz";
  auto rows = pool.query(kSql, Params().bytes(raw(hash)).time(now));
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<InvitationRow>();
  return std::optional<InvitationRow>(invitation_at(*rows, 0));
}

Result<std::optional<Account>> accept_invitation(Pool& pool, const Acceptance& acceptance) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  static const std::string kSql = std::string(kSelect) +
                                  " where v.secret_hash = $1::bytea and v.accepted_at is null"
                                  " and v.expires_at > $2::timestamptz for no key update of v";
  const auto rows = (*lease)->query(kSql, Params().bytes(raw(acceptance.hash)).time(acceptance.now));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Account>();
  const auto row = invitation_at(*rows, 0);
  auto account = accepting_account(**lease, acceptance);
  if (!account || !*account) return account;
  Params member;
  member.integer(row.organization_id).integer((*account)->id).text(name_of(row.role));
  const auto joined = (*lease)->query(
      "insert into members (organization_id, user_id, role) values ($1::integer, $2::integer, $3)", member);
  if (!joined) return taken(joined.error(), "you are a member of this organisation already", "");
  const auto used = (*lease)->query(
      "update invitations set accepted_at = $2::timestamptz, accepted_by = $3::integer where id = $1::integer",
      Params().integer(row.id).time(acceptance.now).integer((*account)->id));
  if (!used) return used.error();
  const Actor actor{(*account)->id, 0, (*account)->email, acceptance.address};
  if (auto status = note_change(**lease, actor, invitation_change("invitation.accept", row)); !status) {
    return status.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  return account;
}

}  // namespace mesher::postgres
