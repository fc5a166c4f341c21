#include "io/postgres/read_quarantine.hpp"

#include <limits>
#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kSelect =
    "select id, project_id, key_id, event_id, received_at, quarantined_at, node, reason, payload from quarantine";

Result<std::vector<QuarantineEntry>> entries(Pool& pool, const std::string& sql, const Params& params) {
  auto rows = pool.query(sql, params);
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
    list.push_back(std::move(entry));
  }
  return list;
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
      std::string(kSelect) + " where id = any($1::bigint[]) order by id limit $2::integer";
  static const std::string kOldest = std::string(kSelect) + " where id <= $1::bigint order by id limit $2::integer";
  Params params;
  if (ids.empty()) {
    params.integer(up_to);
  } else {
    params.integers(ids);
  }
  params.integer(limit);
  return entries(pool, ids.empty() ? kOldest : kChosen, params);
}

Result<std::int64_t> last_quarantined(Pool& pool) {
  auto rows = pool.query("select coalesce(max(id), 0) from quarantine");
  if (!rows) return std::move(rows).error();
  return rows->integer(0, 0);
}

Status remove_quarantined(Pool& pool, const std::vector<std::int64_t>& ids) {
  Params params;
  params.integers(ids);
  auto rows = pool.query("delete from quarantine where id = any($1::bigint[])", params);
  if (!rows) return std::move(rows).error();
  return {};
}

}  // namespace mesher::postgres
