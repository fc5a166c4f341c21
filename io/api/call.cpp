#include "io/api/call.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

namespace mesher::api {

http::Response answer(const Json& body, int status) {
  http::Response response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response list_answer(Json data, const std::optional<std::string>& next_cursor) {
  return answer(Json{{"data", std::move(data)}, {"next_cursor", next_cursor ? Json(*next_cursor) : Json()}});
}

std::optional<postgres::ProjectRow> visible_project(Call& call) {
  const std::uint32_t id = call.parameters.path_id("id");
  if (call.parameters.failed()) return std::nullopt;
  auto project = postgres::find_project(call.api.database, id);
  if (!project) {
    call.parameters.refuse(fail(project.error()));
    return std::nullopt;
  }
  if (!*project || !call.principal.may_see((*project)->organization_id)) {
    call.parameters.refuse(no_such("project"));
    return std::nullopt;
  }
  return std::move(project).value();
}

std::optional<postgres::IssueRow> visible_issue(Call& call) {
  const std::int64_t id = call.parameters.path_big_id("id");
  if (call.parameters.failed()) return std::nullopt;
  auto issue = postgres::find_issue(call.api.database, id, call.principal.organization_ids());
  if (!issue) {
    call.parameters.refuse(fail(issue.error()));
    return std::nullopt;
  }
  if (!*issue) call.parameters.refuse(no_such("issue"));
  return std::move(issue).value();
}

std::optional<postgres::EventRow> visible_event(Call& call) {
  const nodes::EventId id = call.parameters.path_event_id("event_id");
  if (call.parameters.failed()) return std::nullopt;
  const auto projects = postgres::project_ids(call.api.database, call.principal.organization_ids());
  if (!projects) {
    call.parameters.refuse(fail(projects.error()));
    return std::nullopt;
  }
  auto event = postgres::find_event(call.api.database, id, *projects);
  if (!event) {
    call.parameters.refuse(fail(event.error()));
    return std::nullopt;
  }
  if (!*event) call.parameters.refuse(no_such("event"));
  return std::move(event).value();
}

std::uint32_t id_cursor(Call& call, std::string_view list) {
  const auto values = call.parameters.cursor(list, 1);
  return values ? static_cast<std::uint32_t>(number_of(values->front())) : 0;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace mesher::api
