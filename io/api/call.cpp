#include "io/api/call.hpp"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/auth/token.hpp"
#include "io/http/origin.hpp"
#include "io/http/text.hpp"

namespace mesher::api {
namespace {

std::string etag_of(const Json& body) {
  const auto hash = auth::hash_token(body.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::string tag = "\"";
  for (std::size_t i = 0; i < 16; ++i) tag += fmt::format("{:02x}", hash[i]);
  return tag + "\"";
}

/// Of If-Match and If-None-Match: "*", or a list with this tag, weak or not.
bool lists_etag(std::string_view list, std::string_view tag) {
  return http::trimmed(list) == "*" || list.find(tag) != std::string_view::npos;
}

}  // namespace

http::Response answer(const Json& body, int status) {
  http::Response response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response tagged_answer(const Call& call, const Json& body, int status) {
  auto response = answer(body, status);
  response.headers.emplace_back("ETag", etag_of(body));
  if (status == 200 && (call.request.method == "GET" || call.request.method == "HEAD") &&
      lists_etag(call.request.header("if-none-match"), etag_of(body))) {
    response.status = 304;
    response.body.clear();
  }
  return response;
}

bool meets_if_match(Call& call, const Json& current) {
  const auto wanted = call.request.header("if-match");
  if (wanted.empty() || lists_etag(wanted, etag_of(current))) return true;
  call.parameters.refuse(fail(Code::precondition_failed, "it has changed since you read it: read it again"));
  return false;
}

http::Response list_answer(Json data, const std::optional<std::string>& next_cursor) {
  return answer(Json{{"data", std::move(data)}, {"next_cursor", next_cursor ? Json(*next_cursor) : Json()}});
}

postgres::Actor Call::actor() const {
  return {principal.user_id, principal.token_id, principal.email, http::client_address(request)};
}

bool may_in(Call& call, std::uint32_t organization_id, std::string_view what) {
  const auto role = call.principal.role_in(organization_id);
  if (!role) {
    call.parameters.refuse(no_such(what));
  } else if (*role < call.right.role) {
    call.parameters.refuse(fail(Code::forbidden, fmt::format("in this organisation you are {}; this takes the role {}",
                                                             name_of(*role), name_of(call.right.role))));
  } else {
    return true;
  }
  return false;
}

std::uint32_t visible_org(Call& call) {
  const std::uint32_t id = call.parameters.path_id("id");
  if (!call.parameters.failed()) static_cast<void>(may_in(call, id, "organisation"));
  return id;
}

std::optional<postgres::ProjectRow> visible_project(Call& call) {
  const std::uint32_t id = call.parameters.path_id("id");
  if (call.parameters.failed()) return std::nullopt;
  auto project = postgres::find_project(call.api.database, id);
  if (!project) {
    call.parameters.refuse(fail(project.error()));
    return std::nullopt;
  }
  if (!*project) {
    call.parameters.refuse(no_such("project"));
    return std::nullopt;
  }
  if (!may_in(call, (*project)->organization_id, "project")) return std::nullopt;
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
  if (!*issue) {
    call.parameters.refuse(no_such("issue"));
    return std::nullopt;
  }
  if (call.right.role > auth::Role::member) {
    const auto project = postgres::find_project(call.api.database, (*issue)->project_id);
    if (!project) call.parameters.refuse(fail(project.error()));
    if (!project || !may_in(call, *project ? (*project)->organization_id : 0, "issue")) return std::nullopt;
  }
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

std::string public_url(const Call& call) {
  if (!call.api.public_url.empty()) return call.api.public_url;
  return fmt::format("{}://{}", http::is_secure(call.request) ? "https" : "http", call.request.header("host"));
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
