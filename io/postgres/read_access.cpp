#include "io/postgres/read_access.hpp"

#include <charconv>
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

auth::TokenRecord record_of(const Rows& rows, const auth::TokenHash& hash) {
  auth::TokenRecord record;
  const std::string stored = rows.bytes(0, 0);
  if (stored.size() == hash.size()) std::copy(stored.begin(), stored.end(), record.hash.begin());
  auth::Principal& principal = record.principal;
  principal.token_id = static_cast<std::uint32_t>(rows.integer(0, 1));
  principal.user_id = static_cast<std::uint32_t>(rows.integer(0, 2));
  principal.scope = auth::scope_from(rows.array(0, 3));
  if (!rows.is_null(0, 4)) record.expires_at = rows.time(0, 4);
  if (!rows.is_null(0, 5)) record.last_used_at = rows.time(0, 5);
  principal.email = rows.text(0, 6);
  principal.name = rows.text(0, 7);
  principal.instance_owner = rows.boolean(0, 8);
  for (const auto& membership : rows.array(0, 9)) add_membership(membership, principal);
  return record;
}

}  // namespace

Result<std::optional<auth::TokenRecord>> TokenReader::find_token(const auth::TokenHash& hash) {
  Params params;
  params.bytes({reinterpret_cast<const char*>(hash.data()), hash.size()});
  auto rows = pool_.query(
      "select t.token_hash, t.id, t.user_id, t.scopes, t.expires_at, t.last_used_at, u.email, u.name, "
      "u.is_instance_owner,"
      " array(select m.organization_id || ':' || m.role from members m where m.user_id = u.id)"
      " from api_tokens t join users u on u.id = t.user_id where t.token_hash = $1::bytea",
      params);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<auth::TokenRecord>();
  return std::optional<auth::TokenRecord>(record_of(*rows, hash));
}

Status TokenReader::touch_token(std::uint32_t token_id, UnixMicros used_at) {
  Params params;
  params.integer(token_id).time(used_at);
  // The condition keeps many nodes and threads from writing the same row in one minute.
  auto rows = pool_.query(
      "update api_tokens set last_used_at = $2::timestamptz where id = $1::integer"
      " and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')",
      params);
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace mesher::postgres
