#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/api/time_range.hpp"
#include "io/postgres/read_roll_ups.hpp"

namespace mesher::api {

/// All projects of an organisation at a glance: three statements a page, however many projects and events there are.
http::Response get_overview(Call& call) {
  auto& parameters = call.parameters;
  const std::uint32_t id = parameters.path_id("id");
  if (!parameters.failed() && !call.principal.may_see(id)) parameters.refuse(no_such("organisation"));
  const std::string list = "overview|" + std::to_string(id);
  const std::uint32_t limit = parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  const auto zone = read_zone(call);
  if (parameters.failed()) return parameters.failure();
  auto& database = call.api.database;
  const UnixMicros now = call.api.clock.now();
  const auto today = days_of(call, zone, now, now + 1);
  if (parameters.failed()) return parameters.failure();

  auto projects = postgres::list_projects(database, id, after, limit + 1);
  if (!projects) return fail(projects.error());
  std::optional<std::string> next;
  if (cut_to_page(*projects, limit)) next = encode_cursor(list, {std::to_string(projects->back().id)});
  std::vector<std::int64_t> ids;
  for (const auto& project : *projects) ids.push_back(project.id);
  const auto counts = postgres::count_issues(database, ids, today.front());
  if (!counts) return fail(counts.error());
  const UnixMicros first = now / kHour * kHour - 23 * kHour;
  const auto hours = postgres::project_hours(database, ids, first);
  if (!hours) return fail(hours.error());
  std::vector<std::array<std::int64_t, 24>> lines(ids.size());
  for (const auto& hour : *hours) {
    const auto at = std::find(ids.begin(), ids.end(), hour.project_id) - ids.begin();
    const auto place = (hour.hour - first) / kHour;
    if (place < 24) lines[static_cast<std::size_t>(at)][static_cast<std::size_t>(place)] += hour.events;
  }
  Json data = Json::array();
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::int64_t events = 0;
    for (const auto count : lines[i]) events += count;
    const auto& project = (*projects)[i];
    data.push_back(
        {{"project",
          {{"id", project.id}, {"slug", project.slug}, {"name", project.name}, {"platform", project.platform}}},
         {"unresolved", (*counts)[i].unresolved},
         {"regressed", (*counts)[i].regressed},
         {"escalating", (*counts)[i].escalating},
         {"new_today", (*counts)[i].fresh},
         {"events_24h", events},
         {"sparkline", lines[i]}});
  }
  return list_answer(std::move(data), next);
}

}  // namespace mesher::api
