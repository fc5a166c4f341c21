#include "io/postgres/read_quarantine.hpp"

#include <limits>
#include <utility>

#include "io/postgres/connection.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kSelect =
    "select id, project_id, key_id, event_id, received_at, quarantined_at, node, reason, payload, is_event from "
    "quarantine";

/// `source`: a Pool or a Connection.
template <class Source>
Result<std::vector<QuarantineEntry>> entries(Source& source, const std::string& sql, const Params& params) {
  auto rows = source.query(sql, params);
  if (!rows) return std::move(rows).error();
  std::vector<QuarantineEntry> list;
  list.reserve(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    QuarantineEntry entry;
    entry.id = rows->integer(i, 0);
    entry.project_id = static_cast<std::uint32_t>(rows->integer(i, 1));
    entry.key_id = static_cast<std::uint32_t>(rows->integer(i, 2));
    entry.event_id = nodes::EventId::parse(rows->text(i, 3)).value_or(nodes::EventId{});
    entry.received_at = rows->time(i, 4);
    entry.quarantined_at = rows->time(i, 5);
    entry.node = rows->text(i, 6);
    entry.reason = rows->text(i, 7);
    entry.payload = rows->text(i, 8);
    entry.is_event = rows->boolean(i, 9);
    list.push_back(std::move(entry));
  }
  return list;
}

Params choice_params(const std::vector<std::int64_t>& ids, std::int64_t up_to) {
  Params params;
  if (ids.empty()) {
    params.integer(up_to);
  } else {
    params.integers(ids);
  }
  return params;
}

template <class Source>
Status remove(Source& source, const std::vector<std::int64_t>& ids) {
  Params params;
  params.integers(ids);
  auto rows = source.query("delete from quarantine where id = any($1::bigint[])", params);
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace

Result<std::vector<QuarantineEntry>> list_quarantine(Pool& pool, std::optional<std::int64_t> before,
                                                     std::uint32_t limit) {
  static const std::string kSql = std::string(kSelect) + " where id < $1::bigint order by id desc limit $2::integer";
  Params params;
  params.integer(before.value_or(std::numeric_limits<std::int64_t>::max())).integer(limit);
  return entries(pool, kSql, params);
}

Result<std::vector<QuarantineEntry>> quarantined(Pool& pool, const std::vector<std::int64_t>& ids, std::int64_t up_to,
                                                 std::uint32_t limit) {
  static const std::string kChosen =
      std::string(kSelect) + " where id = any($1::bigint[]) and is_event order by id limit $2::integer";
  static const std::string kOldest =
      std::string(kSelect) + " where id <= $1::bigint and is_event order by id limit $2::integer";
  auto params = choice_params(ids, up_to);
  params.integer(limit);
  return entries(pool, ids.empty() ? kOldest : kChosen, params);
}

Result<std::int64_t> quarantined_without_event(Pool& pool, const std::vector<std::int64_t>& ids, std::int64_t up_to) {
  auto rows = pool.query(ids.empty() ? "select count(*) from quarantine where id <= $1::bigint and not is_event"
                                     : "select count(*) from quarantine where id = any($1::bigint[]) and not is_event",
                         choice_params(ids, up_to));
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Result<std::int64_t> last_quarantined(Pool& pool) {
  auto rows = pool.query("select coalesce(max(id), 0) from quarantine");
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Status remove_quarantined(Pool& pool, const std::vector<std::int64_t>& ids) {
  return remove(pool, ids);
}

Status remove_quarantined(Connection& connection, const std::vector<std::int64_t>& ids) {
  return remove(connection, ids);
}

Result<ReplayRequest> request_replay(Connection& connection, const QuarantineChoice& choice) {
  constexpr std::string_view kSql =
      "with fits as (select id, is_event from quarantine"
      " where ($1::bigint[] = '{}' and $2::uuid[] = '{}' or id = any($1) or event_id = any($2))"
      " and ($3::integer = 0 or project_id = $3)"
      " and ($4::text = '' or position(lower($4) in lower(reason)) > 0)), "
      "marked as (update quarantine q set replay_requested_at = now() from fits f"
      " where q.id = f.id and f.is_event returning q.id) "
      "select (select count(*) from marked), (select count(*) from fits where not is_event),"
      " (select coalesce(max(id), 0) from marked), pg_notify('mesher_replay', '')";
  std::vector<std::string> hex;
  for (const auto& event : choice.events) hex.push_back(event.hex());
  Params params;
  params.integers(choice.ids).texts(hex).integer(choice.project_id).text(choice.reason);
  auto rows = connection.query(kSql, params);
  if (!rows) return std::move(rows).error();
  return ReplayRequest{rows->integer(0, 0), rows->integer(0, 1), rows->integer(0, 2)};
}

Result<std::vector<QuarantineEntry>> lock_requested(Connection& connection) {
  static const std::string kSql =
      std::string(kSelect) + " where replay_requested_at is not null order by id limit 200 for update skip locked";
  return entries(connection, kSql, {});
}

}  // namespace mesher::postgres
