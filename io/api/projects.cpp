#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/settings_patch.hpp"
#include "io/api/show.hpp"
#include "io/api/slug.hpp"
#include "io/postgres/projects.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kHour = 3'600'000'000;
constexpr UnixMicros kDay = 24 * kHour;
constexpr UnixMicros kLongestOutcomes = 92 * kDay;

constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestPlatform = 64;

}  // namespace

http::Response list_org_projects(Call& call) {
  const std::uint32_t id = visible_org(call);
  const std::string list = "projects|" + std::to_string(id);
  const std::uint32_t limit = call.parameters.limit();
  const std::uint32_t after = id_cursor(call, list);
  if (call.parameters.failed()) return call.parameters.failure();
  auto projects = postgres::list_projects(call.api.database, id, after, limit + 1);
  if (!projects) return fail(projects.error());
  std::optional<std::string> next;
  if (cut_to_page(*projects, limit)) next = encode_cursor(list, {std::to_string(projects->back().id)});
  Json data = Json::array();
  for (const auto& project : *projects) data.push_back(project_json(project));
  return list_answer(std::move(data), next);
}

http::Response add_project(Call& call) {
  const std::uint32_t org = visible_org(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::ProjectRow project;
  project.organization_id = org;
  project.name = body.required_text("name", 1, kLongestName);
  project.platform = body.text("platform", 0, kLongestPlatform).value_or("");
  const auto slug = read_slug(body, project.name, "project");
  const auto settings = read_settings(call, body);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  project.slug = *slug;
  project.settings_json = patched_settings("{}", settings);
  const auto made = postgres::create_project(call.api.database, project, call.actor());
  if (!made) return fail(made.error());
  return tagged_answer(call, project_json(*made), 201);
}

http::Response get_project(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  return tagged_answer(call, project_json(*project));
}

http::Response patch_project(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto name = body.text("name", 1, kLongestName);
  const auto slug = read_slug(body);
  const auto platform = body.text("platform", 0, kLongestPlatform);
  const auto settings = read_settings(call, body);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto edit = [&](postgres::ProjectRow& row) {
    if (!meets_if_match(call, project_json(row))) return false;
    if (name) row.name = *name;
    if (slug) row.slug = *slug;
    if (platform) row.platform = *platform;
    row.settings_json = patched_settings(row.settings_json, settings);
    return true;
  };
  const auto changed = postgres::edit_project(call.api.database, project->id, edit, call.actor());
  if (!changed) return fail(changed.error());
  if (call.parameters.failed()) return call.parameters.failure();
  if (!*changed) return no_such("project");
  return tagged_answer(call, project_json(**changed));
}

http::Response remove_project(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto gone = postgres::delete_project(call.api.database, project->id, call.actor());
  if (!gone) return fail(gone.error());
  return *gone ? no_content() : no_such("project");
}

http::Response get_outcomes(Call& call) {
  const auto project = visible_project(call);
  const UnixMicros to = call.parameters.time("to").value_or(call.api.clock.now() + 1);
  const UnixMicros from = call.parameters.time("from").value_or(to - kDay) / kHour * kHour;
  if (to - from > kLongestOutcomes) {
    call.parameters.refuse(fail(Code::invalid_parameter, "from and to must not be more than 92 days apart", "from"));
  }
  if (call.parameters.failed()) return call.parameters.failure();
  const auto rows = postgres::list_outcomes(call.api.database, project->id, from, to);
  if (!rows) return fail(rows.error());
  Json data = Json::array();
  Json totals = Json::object();
  for (const auto& row : *rows) {
    data.push_back({{"hour", rfc3339(row.hour)},
                    {"outcome", row.outcome},
                    {"reason", row.reason},
                    {"category", row.category},
                    {"quantity", row.quantity}});
    Json& total = totals[row.category][row.outcome];
    total = (total.is_null() ? 0 : total.get<std::int64_t>()) + row.quantity;
  }
  return answer({{"data", std::move(data)}, {"next_cursor", nullptr}, {"totals", std::move(totals)}});
}

}  // namespace mesher::api
