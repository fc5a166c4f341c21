#include "io/postgres/read_access.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

/// "12:owner", as the statement below writes memberships.
void add_membership(std::string_view text, auth::Principal& principal) {
  const auto colon = text.find(':');
  std::uint32_t id = 0;
  if (colon == std::string_view::npos || std::from_chars(text.data(), text.data() + colon, id).ec != std::errc())
    return;
  if (const auto role = auth::role_from(text.substr(colon + 1))) principal.organizations[id] = *role;
}

// Shared by both statements: what is stored of the secret, and whose it is.
constexpr std::string_view kOfUser =
    "u.id, u.email, u.name, u.is_instance_owner,"
    " array(select m.organization_id || ':' || m.role from members m where m.user_id = u.id)";

/// Columns 0 to 4: hash, id, expires_at, last_used_at, scopes; then those of kOfUser.
std::optional<auth::TokenRecord> record_of(const Rows& rows, const auth::TokenHash& hash) {
  if (rows.empty()) return std::nullopt;
  auth::TokenRecord record;
  const std::string stored = rows.bytes(0, 0);
  if (stored.size() == hash.size()) std::copy(stored.begin(), stored.end(), record.hash.begin());
  if (!rows.is_null(0, 2)) record.expires_at = rows.time(0, 2);
  if (!rows.is_null(0, 3)) record.last_used_at = rows.time(0, 3);
  auth::Principal& principal = record.principal;
  principal.scope = auth::scope_from(rows.array(0, 4));
  principal.user_id = static_cast<std::uint32_t>(rows.integer(0, 5));
  principal.email = rows.text(0, 6);
  principal.name = rows.text(0, 7);
  principal.instance_owner = rows.boolean(0, 8);
  for (const auto& membership : rows.array(0, 9)) add_membership(membership, principal);
  return record;
}

Params hash_parameter(const auth::TokenHash& hash) {
  Params params;
  params.bytes({reinterpret_cast<const char*>(hash.data()), hash.size()});
  return params;
}

}  // namespace

Result<std::optional<auth::TokenRecord>> TokenReader::find_token(const auth::TokenHash& hash) {
  static const std::string kSql = "select t.token_hash, t.id, t.expires_at, t.last_used_at, t.scopes, " +
                                  std::string(kOfUser) +
                                  " from api_tokens t join users u on u.id = t.user_id where t.token_hash = $1::bytea";
  auto rows = pool_.query(kSql, hash_parameter(hash));
  if (!rows) return std::move(rows).error();
  auto record = record_of(*rows, hash);
  if (record) record->principal.token_id = static_cast<std::uint32_t>(rows->integer(0, 1));
  return record;
}

Result<std::optional<auth::TokenRecord>> TokenReader::find_session(const auth::TokenHash& hash) {
  static const std::string kSql = "select s.secret_hash, s.id, s.expires_at, s.last_used_at, '{}'::text[], " +
                                  std::string(kOfUser) +
                                  " from sessions s join users u on u.id = s.user_id where s.secret_hash = $1::bytea";
  auto rows = pool_.query(kSql, hash_parameter(hash));
  if (!rows) return std::move(rows).error();
  auto record = record_of(*rows, hash);
  if (record) record->principal.session_id = rows->integer(0, 1);
  return record;
}

Status TokenReader::touch_token(std::uint32_t token_id, UnixMicros used_at) {
  Params params;
  params.integer(token_id).time(used_at);
  // The condition keeps many nodes and threads from writing the same row in one minute.
  auto rows = pool_.query(
      "update api_tokens set last_used_at = $2::timestamptz where id = $1::integer"
      " and (last_used_at is null or last_used_at < $2::timestamptz - interval '30 seconds')",
      params);
  if (!rows) return std::move(rows).error();
  return {};
}

Status TokenReader::touch_session(std::int64_t session_id, UnixMicros used_at) {
  auto rows = pool_.query(
      "update sessions set last_used_at = $2::timestamptz where id = $1::bigint"
      " and last_used_at < $2::timestamptz - interval '30 seconds'",
      Params().integer(session_id).time(used_at));
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace mesher::postgres
