#include "io/postgres/idempotency.hpp"

#include <string_view>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

std::string_view raw(const auth::TokenHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Status done(const Result<Rows>& rows) {
  if (!rows) return rows.error();
  return {};
}

}  // namespace

Result<std::optional<EarlierRequest>> begin_request(Pool& pool, const IdempotentRequest& request, UnixMicros now) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  Params params;
  params.integer(request.user_id).bytes(raw(request.key)).bytes(raw(request.request)).time(now);
  params.time(now - kIdempotencyKept).time(now - kIdempotencyPatience);
  const auto taken = (*lease)->query(
      "insert into idempotency_keys as k (user_id, key_hash, request, created_at)"
      " values ($1::integer, $2::bytea, $3::bytea, $4::timestamptz)"
      " on conflict (user_id, key_hash) do update set request = excluded.request, created_at = excluded.created_at,"
      " status = 0, answer = null where k.created_at < $5::timestamptz"
      " or (k.status = 0 and k.created_at < $6::timestamptz)",
      params);
  if (!taken) return taken.error();
  if (taken->affected() > 0) return std::optional<EarlierRequest>();
  const auto rows = (*lease)->query(
      "select request = $3::bytea, status, answer from idempotency_keys where user_id = $1::integer and key_hash = "
      "$2::bytea",
      Params().integer(request.user_id).bytes(raw(request.key)).bytes(raw(request.request)));
  if (!rows) return rows.error();
  EarlierRequest earlier{true, 0, ""};  // gone meanwhile: as if under way
  if (!rows->empty()) {
    earlier = {rows->boolean(0, 0), static_cast<int>(rows->integer(0, 1)), rows->bytes(0, 2)};
  }
  return std::optional(std::move(earlier));
}

Status keep_answer(Pool& pool, const IdempotentRequest& request, int status, const std::string& sealed_answer) {
  Params params;
  params.integer(request.user_id).bytes(raw(request.key)).integer(status).bytes(sealed_answer);
  return done(
      pool.query("update idempotency_keys set status = $3::integer, answer = $4::bytea"
                 " where user_id = $1::integer and key_hash = $2::bytea",
                 params));
}

Status drop_request(Pool& pool, const IdempotentRequest& request) {
  return done(pool.query("delete from idempotency_keys where user_id = $1::integer and key_hash = $2::bytea",
                         Params().integer(request.user_id).bytes(raw(request.key))));
}

Status forget_requests(Connection& connection, UnixMicros now) {
  return done(connection.query("delete from idempotency_keys where created_at < $1::timestamptz",
                               Params().time(now - kIdempotencyKept)));
}

}  // namespace mesher::postgres
