#include <array>
#include <nlohmann/json.hpp>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/postgres/project_settings.hpp"
#include "io/postgres/storage_figures.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kDay = 86'400'000'000;
// What could be saved is told for those of these that are shorter than the project's own retention.
constexpr std::array<std::int64_t, 6> kRetentions{90, 60, 30, 14, 7, 1};

Json bytes_json(const postgres::StoredBytes& bytes) {
  return {{"rows", bytes.rows}, {"payloads", bytes.payloads}, {"indexes", bytes.indexes}, {"total", bytes.total()}};
}

Json day_json(const postgres::StoredDay& day) {
  return {
      {"day", iso_day(day.day * kDay)}, {"events", day.events}, {"blocks", day.blocks}, {"bytes", day.bytes.total()}};
}

Json time_json(const std::optional<UnixMicros>& time) {
  return time ? Json(rfc3339(*time)) : Json(nullptr);
}

/// What would go at once if only `days` days were kept.
Json saving_json(const postgres::ProjectStorage& storage, std::int64_t today, std::int64_t days) {
  std::int64_t events = 0, bytes = 0;
  for (const auto& day : storage.days) {
    if (day.day >= today - days) continue;
    events += day.events;
    bytes += day.bytes.total();
  }
  return {{"retention_days", days}, {"events", events}, {"bytes", bytes}};
}

}  // namespace

http::Response get_storage(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const std::int64_t today = call.api.clock.now() / kDay;
  const auto storage = postgres::storage_of(call.api.database, project->id, today);
  if (!storage) return fail(storage.error());
  nodes::ports::ProjectSettings settings;
  postgres::settings_from_json(project->settings_json, settings);
  postgres::StoredDay sum;
  Json days = Json::array();
  for (const auto& day : storage->days) {
    sum.events += day.events;
    sum.blocks += day.blocks;
    sum.bytes += day.bytes;
    days.push_back(day_json(day));
  }
  Json shorter = Json::array();
  for (const auto retention : kRetentions) {
    if (retention < settings.retention_days) shorter.push_back(saving_json(*storage, today, retention));
  }
  return answer({{"issues", storage->issues},
                 {"events", sum.events},
                 {"blocks", sum.blocks},
                 {"payload_bytes", sum.bytes.payloads},
                 {"bytes", bytes_json(sum.bytes)},
                 {"retention_days", settings.retention_days},
                 {"event_budget", settings.event_budget},
                 {"shorter", std::move(shorter)},
                 {"days", std::move(days)},
                 {"measured_at", time_json(storage->measured_at)}});
}

http::Response get_instance_storage(Call& call) {
  if (call.parameters.failed()) return call.parameters.failure();
  const auto storage = postgres::storage_of_instance(call.api.database);
  if (!storage) return fail(storage.error());
  Json tables = Json::array(), projects = Json::array(), days = Json::array();
  for (const auto& table : storage->tables) {
    tables.push_back(
        {{"name", table.name}, {"rows", table.rows}, {"bytes", table.bytes}, {"index_bytes", table.index_bytes}});
  }
  for (const auto& project : storage->projects) {
    projects.push_back(
        {{"project_id", project.project_id}, {"events", project.events}, {"bytes", bytes_json(project.bytes)}});
  }
  for (const auto& day : storage->days) days.push_back(day_json(day));
  return answer({{"database_bytes", storage->database_bytes},
                 {"tables", std::move(tables)},
                 {"projects", std::move(projects)},
                 {"days", std::move(days)},
                 {"measured_at", time_json(storage->measured_at)}});
}

}  // namespace mesher::api
