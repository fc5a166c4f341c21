#include "io/postgres/read_projects.hpp"

#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

std::uint32_t id_at(const Rows& rows, std::size_t row, int column) {
  return static_cast<std::uint32_t>(rows.integer(row, column));
}

std::vector<std::int64_t> widened(const std::vector<std::uint32_t>& ids) {
  return {ids.begin(), ids.end()};
}

constexpr std::string_view kProjectColumns = "id, organization_id, slug, name, platform, settings::text, created_at";

ProjectRow project_at(const Rows& rows, std::size_t row) {
  ProjectRow project;
  project.id = id_at(rows, row, 0);
  project.organization_id = id_at(rows, row, 1);
  project.slug = rows.text(row, 2);
  project.name = rows.text(row, 3);
  project.platform = rows.text(row, 4);
  project.settings_json = rows.text(row, 5);
  project.created_at = rows.time(row, 6);
  return project;
}

}  // namespace

Result<std::vector<OrganizationRow>> list_organizations(Pool& pool, const std::vector<std::uint32_t>& ids,
                                                        std::uint32_t after, std::uint32_t limit) {
  Params params;
  params.integers(widened(ids)).integer(after).integer(limit);
  auto rows = pool.query(
      "select id, slug, name, created_at from organizations where id = any($1::integer[]) and id > $2::integer"
      " order by id limit $3::integer",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<OrganizationRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    list.push_back(
        {id_at(*rows, i, 0), std::string(rows->text(i, 1)), std::string(rows->text(i, 2)), rows->time(i, 3)});
  }
  return list;
}

Result<std::vector<ProjectRow>> list_projects(Pool& pool, std::uint32_t organization_id, std::uint32_t after,
                                              std::uint32_t limit) {
  static const std::string kSql = "select " + std::string(kProjectColumns) +
                                  " from projects where organization_id = $1::integer and id > $2::integer"
                                  " order by id limit $3::integer";
  Params params;
  params.integer(organization_id).integer(after).integer(limit);
  auto rows = pool.query(kSql, params);
  if (!rows) return std::move(rows).error();
  std::vector<ProjectRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(project_at(*rows, i));
  return list;
}

Result<std::vector<std::uint32_t>> project_ids(Pool& pool, const std::vector<std::uint32_t>& organization_ids) {
  Params params;
  params.integers(widened(organization_ids));
  auto rows = pool.query("select id from projects where organization_id = any($1::integer[]) order by id", params);
  if (!rows) return std::move(rows).error();
  std::vector<std::uint32_t> ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back(id_at(*rows, i, 0));
  return ids;
}

Result<std::optional<ProjectRow>> find_project(Pool& pool, std::uint32_t id) {
  static const std::string kSql = "select " + std::string(kProjectColumns) + " from projects where id = $1::integer";
  Params params;
  params.integer(id);
  auto rows = pool.query(kSql, params);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<ProjectRow>();
  return std::optional<ProjectRow>(project_at(*rows, 0));
}

Result<std::vector<KeyRow>> list_keys(Pool& pool, std::uint32_t project_id, std::uint32_t after, std::uint32_t limit) {
  Params params;
  params.integer(project_id).integer(after).integer(limit);
  auto rows = pool.query(
      "select id, name, public_key, enabled, rate_limit_per_minute, created_at from project_keys"
      " where project_id = $1::integer and id > $2::integer order by id limit $3::integer",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<KeyRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    KeyRow key;
    key.id = id_at(*rows, i, 0);
    key.name = rows->text(i, 1);
    key.public_key = rows->text(i, 2);
    key.enabled = rows->boolean(i, 3);
    key.rate_limit_per_minute = id_at(*rows, i, 4);
    key.created_at = rows->time(i, 5);
    list.push_back(std::move(key));
  }
  return list;
}

Result<std::vector<OutcomeRow>> list_outcomes(Pool& pool, std::uint32_t project_id, UnixMicros from, UnixMicros to) {
  Params params;
  params.integer(project_id).time(from).time(to);
  auto rows = pool.query(
      "select hour, outcome, reason, category, sum(quantity)::bigint from outcomes"
      " where project_id = $1::integer and hour >= $2::timestamptz and hour < $3::timestamptz"
      " group by hour, outcome, reason, category order by hour, outcome, reason, category",
      params);
  if (!rows) return std::move(rows).error();
  std::vector<OutcomeRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    list.push_back({rows->time(i, 0), std::string(rows->text(i, 1)), std::string(rows->text(i, 2)),
                    std::string(rows->text(i, 3)), rows->integer(i, 4)});
  }
  return list;
}

}  // namespace mesher::postgres
