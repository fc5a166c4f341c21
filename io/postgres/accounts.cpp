#include "io/postgres/accounts.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kAccountColumns = "select id, email, name, password_hash, is_instance_owner from users";

std::string_view raw(const auth::TokenHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Result<std::optional<Account>> account_of(Result<Rows> rows) {
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<Account>();
  return std::optional<Account>({static_cast<std::uint32_t>(rows->integer(0, 0)), std::string(rows->text(0, 1)),
                                 std::string(rows->text(0, 2)), std::string(rows->text(0, 3)), rows->boolean(0, 4)});
}

/// In every organisation of the account; in none, it concerns the instance.
Status note_in_all(Connection& connection, std::uint32_t user_id, const Actor& actor, Change change) {
  const auto rows = connection.query("select organization_id from members where user_id = $1::integer order by 1",
                                     Params().integer(user_id));
  if (!rows) return rows.error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    change.organization_id = static_cast<std::uint32_t>(rows->integer(i, 0));
    if (auto status = note_change(connection, actor, change); !status) return status;
  }
  return rows->empty() ? note_change(connection, actor, change) : Status();
}

Change account_change(std::string_view action, std::uint32_t user_id, const std::string& name) {
  Change change;
  change.action = action;
  change.target_type = "account";
  change.target_id = std::to_string(user_id);
  change.target = name;
  return change;
}

std::optional<UnixMicros> time_or_none(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return std::nullopt;
  return rows.time(row, column);
}

ApiTokenRow token_at(const Rows& rows, std::size_t row) {
  return {static_cast<std::uint32_t>(rows.integer(row, 0)),
          std::string(rows.text(row, 1)),
          rows.array(row, 2),
          rows.time(row, 3),
          time_or_none(rows, row, 4),
          time_or_none(rows, row, 5)};
}

constexpr std::string_view kTokenColumns = "id, name, scopes, created_at, expires_at, last_used_at";

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  const auto printable = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; };
  return text.size() <= 254 && at != 0 && at != std::string_view::npos && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && std::all_of(text.begin(), text.end(), printable);
}

Result<std::optional<Account>> find_account(Pool& pool, std::string_view email) {
  static const std::string kSql = std::string(kAccountColumns) + " where email = $1";
  return account_of(pool.query(kSql, Params().text(lower_case(email))));
}

Result<std::optional<Account>> find_account(Pool& pool, std::uint32_t id) {
  static const std::string kSql = std::string(kAccountColumns) + " where id = $1::integer";
  return account_of(pool.query(kSql, Params().integer(id)));
}

Status edit_account(Pool& pool, std::uint32_t id, const AccountEdit& edit, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  if (edit.name) {
    const auto done =
        (*lease)->query("update users set name = $2 where id = $1::integer", Params().integer(id).text(*edit.name));
    if (!done) return done.error();
  }
  if (edit.password_hash) {
    const auto done = (*lease)->query("update users set password_hash = $2 where id = $1::integer",
                                      Params().integer(id).text(*edit.password_hash));
    if (!done) return done.error();
    const auto ended = (*lease)->query("delete from sessions where user_id = $1::integer and id <> $2::bigint",
                                       Params().integer(id).integer(edit.keep_session));
    if (!ended) return ended.error();
    const auto change = account_change("account.password", id, actor.name);
    if (auto status = note_in_all(**lease, id, actor, change); !status) return status;
  }
  return transaction->commit();
}

Result<bool> reset_password(Connection& connection, std::string_view email, const std::string& password_hash) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  const auto known = connection.query("update users set password_hash = $2 where email = $1 returning id",
                                      Params().text(lower_case(email)).text(password_hash));
  if (!known) return known.error();
  if (known->empty()) return false;
  const auto id = static_cast<std::uint32_t>(known->integer(0, 0));
  const auto ended = connection.query("delete from sessions where user_id = $1::integer", Params().integer(id));
  if (!ended) return ended.error();
  Actor actor;
  actor.name = "mesher passwd";
  const auto change = account_change("account.password", id, lower_case(email));
  if (auto status = note_in_all(connection, id, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

Result<std::int64_t> create_session(Pool& pool, std::uint32_t user_id, const NewSession& session, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto removed = (*lease)->query(
      "delete from sessions where secret_hash = $2::bytea or (user_id = $1::integer and expires_at <= $3::timestamptz)",
      Params().integer(user_id).bytes(raw(session.replaces)).time(session.now));
  if (!removed) return removed.error();
  Params params;
  params.integer(user_id).bytes(raw(session.hash)).time(session.now).time(session.expires_at);
  params.text(session.address).text(session.user_agent);
  const auto made = (*lease)->query(
      "insert into sessions (user_id, secret_hash, created_at, last_used_at, expires_at, address, user_agent)"
      " values ($1::integer, $2::bytea, $3::timestamptz, $3::timestamptz, $4::timestamptz, $5, $6) returning id",
      params);
  if (!made) return made.error();
  const auto change = account_change("account.sign_in", user_id, actor.name);
  if (auto status = note_in_all(**lease, user_id, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return made->integer(0, 0);
}

Result<std::vector<SessionRow>> list_sessions(Pool& pool, std::uint32_t user_id, UnixMicros now, UnixMicros used_after,
                                              std::int64_t after, std::uint32_t limit) {
  auto rows = pool.query(
      "select id, created_at, last_used_at, expires_at, address, user_agent from sessions"
      " where user_id = $1::integer and expires_at > $2::timestamptz and last_used_at > $3::timestamptz"
      " and id > $4::bigint order by id limit $5::integer",
      Params().integer(user_id).time(now).time(used_after).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<SessionRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    list.push_back({rows->integer(i, 0), rows->time(i, 1), rows->time(i, 2), rows->time(i, 3),
                    std::string(rows->text(i, 4)), std::string(rows->text(i, 5))});
  }
  return list;
}

Result<bool> end_session(Pool& pool, std::uint32_t user_id, std::int64_t id) {
  const auto rows = pool.query("delete from sessions where id = $2::bigint and user_id = $1::integer",
                               Params().integer(user_id).integer(id));
  if (!rows) return rows.error();
  return rows->affected() > 0;
}

Result<std::vector<ApiTokenRow>> list_api_tokens(Pool& pool, std::uint32_t user_id, std::uint32_t after,
                                                 std::uint32_t limit) {
  static const std::string kSql = "select " + std::string(kTokenColumns) +
                                  " from api_tokens where user_id = $1::integer and id > $2::integer"
                                  " order by id limit $3::integer";
  auto rows = pool.query(kSql, Params().integer(user_id).integer(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<ApiTokenRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(token_at(*rows, i));
  return list;
}

Result<ApiTokenRow> create_api_token(Pool& pool, std::uint32_t user_id, const NewApiToken& token, std::uint32_t most,
                                     const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  // The lock makes counting and inserting one.
  const auto locked =
      (*lease)->query("select 1 from users where id = $1::integer for no key update", Params().integer(user_id));
  if (!locked) return locked.error();
  const auto count =
      (*lease)->query("select count(*) from api_tokens where user_id = $1::integer", Params().integer(user_id));
  if (!count) return count.error();
  if (count->integer(0, 0) >= most) {
    return Error{ErrorCode::conflict, "there are " + std::to_string(most) + " tokens already: revoke some first", ""};
  }
  static const std::string kSql =
      "insert into api_tokens (user_id, name, token_hash, scopes, expires_at)"
      " values ($1::integer, $2, $3::bytea, $4::text[], $5::timestamptz) returning " +
      std::string(kTokenColumns);
  Params params;
  params.integer(user_id).text(token.name).bytes(raw(token.hash)).texts(std::span<const std::string>(token.scopes));
  if (token.expires_at) {
    params.time(*token.expires_at);
  } else {
    params.null();
  }
  const auto made = (*lease)->query(kSql, params);
  if (!made) return made.error();
  auto row = token_at(*made, 0);
  auto change = account_change("token.create", row.id, row.name);
  change.target_type = "token";
  if (auto status = note_in_all(**lease, user_id, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return row;
}

Result<bool> revoke_api_token(Pool& pool, std::uint32_t user_id, std::uint32_t id, const Actor& actor) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto transaction = Transaction::begin(**lease);
  if (!transaction) return transaction.error();
  const auto gone =
      (*lease)->query("delete from api_tokens where id = $2::integer and user_id = $1::integer returning name",
                      Params().integer(user_id).integer(id));
  if (!gone) return gone.error();
  if (gone->empty()) return false;
  auto change = account_change("token.revoke", id, std::string(gone->text(0, 0)));
  change.target_type = "token";
  if (auto status = note_in_all(**lease, user_id, actor, change); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

}  // namespace mesher::postgres
