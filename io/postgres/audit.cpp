#include "io/postgres/audit.hpp"

#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

Params& id_or_null(Params& params, std::uint32_t id) {
  return id == 0 ? params.null() : params.integer(id);
}

std::uint32_t id_at(const Rows& rows, std::size_t row, int column) {
  return static_cast<std::uint32_t>(rows.integer(row, column));
}

}  // namespace

Status note_change(Connection& connection, const Actor& actor, const Change& change) {
  Params params;
  id_or_null(params, change.organization_id);
  id_or_null(params, change.project_id);
  id_or_null(params, actor.user_id).text(actor.name);
  id_or_null(params, actor.token_id).text(actor.address).text(change.action).text(change.target_type);
  params.text(change.target_id).text(change.target).text(change.details_json);
  const auto written = connection.query(
      "insert into audit_log (organization_id, project_id, actor_id, actor, token_id, address, action, target_type,"
      " target_id, target, details) values ($1::integer, $2::integer, $3::integer, $4, $5::integer, $6, $7, $8, $9,"
      " $10, $11::jsonb)",
      params);
  if (!written) return written.error();
  return {};
}

Status note_change(Pool& pool, const Actor& actor, const Change& change) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  return note_change(**lease, actor, change);
}

Result<std::vector<AuditRow>> list_audit(Pool& pool, const AuditQuery& query) {
  Params params;
  std::string sql =
      "select id, happened_at, organization_id, project_id, actor_id, token_id, actor, address, action, target_type,"
      " target_id, target, details from audit_log where ";
  const auto next = [&params] { return "$" + std::to_string(params.size()); };
  if (query.organization_id == 0) {
    sql += "organization_id is null";
  } else {
    params.integer(query.organization_id);
    sql += "organization_id = " + next() + "::integer";
  }
  if (!query.action.empty()) {
    params.text(query.action);
    sql += " and action = " + next();
  }
  if (query.actor_id != 0) {
    params.integer(query.actor_id);
    sql += " and actor_id = " + next() + "::integer";
  }
  if (query.before) {
    params.integer(*query.before);
    sql += " and id < " + next() + "::bigint";
  }
  params.integer(query.limit);
  sql += " order by id desc limit " + next() + "::integer";
  auto rows = pool.query(sql, params);
  if (!rows) return std::move(rows).error();
  std::vector<AuditRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    AuditRow row;
    row.id = rows->integer(i, 0);
    row.happened_at = rows->time(i, 1);
    row.organization_id = id_at(*rows, i, 2);
    row.project_id = id_at(*rows, i, 3);
    row.actor_id = id_at(*rows, i, 4);
    row.token_id = id_at(*rows, i, 5);
    row.actor = rows->text(i, 6);
    row.address = rows->text(i, 7);
    row.action = rows->text(i, 8);
    row.target_type = rows->text(i, 9);
    row.target_id = rows->text(i, 10);
    row.target = rows->text(i, 11);
    row.details_json = rows->text(i, 12);
    list.push_back(std::move(row));
  }
  return list;
}

}  // namespace mesher::postgres
