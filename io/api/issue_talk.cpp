#include "io/postgres/issue_talk.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/api/body.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kLongestComment = 16 * 1024;

Json person_json(const postgres::Person& person) {
  return {{"id", person.id}, {"email", person.email}, {"name", person.name}};
}

Json comment_json(const postgres::CommentRow& comment) {
  return {{"id", comment.id},
          {"issue_id", comment.issue_id},
          {"user", person_json(comment.user)},
          {"text", comment.text},
          {"created_at", rfc3339(comment.created_at)},
          {"edited_at", comment.edited_at ? Json(rfc3339(*comment.edited_at)) : Json()}};
}

std::string comment_text(Call& call) {
  Body body(call);
  auto text = body.required_secret("text", 1, kLongestComment);
  body.finish();
  return text;
}

http::Response comment_answer(Call& call, const postgres::IssueRow& issue, std::int64_t id, int status) {
  const auto comment = postgres::find_comment(call.api.database, issue.project_id, issue.id, id);
  if (!comment) return fail(comment.error());
  if (!*comment) return no_such("comment");
  return answer(comment_json(**comment), status);
}

/// The comment of the path. Its author may change it, and administrators of the organisation may remove it.
std::optional<postgres::CommentRow> own_comment(Call& call, const postgres::IssueRow& issue, bool administrators) {
  const auto id = call.parameters.path_big_id("comment_id");
  if (call.parameters.failed()) return std::nullopt;
  auto comment = postgres::find_comment(call.api.database, issue.project_id, issue.id, id);
  if (!comment) {
    call.parameters.refuse(fail(comment.error()));
    return std::nullopt;
  }
  if (!*comment) {
    call.parameters.refuse(no_such("comment"));
    return std::nullopt;
  }
  if ((*comment)->user.id == call.principal.user_id) return *comment;
  const auto project = administrators
                           ? postgres::find_project(call.api.database, issue.project_id)
                           : Result<std::optional<postgres::ProjectRow>>(std::optional<postgres::ProjectRow>());
  const bool administrator =
      project && *project &&
      call.principal.role_in((*project)->organization_id).value_or(auth::Role::member) >= auth::Role::admin;
  if (!administrator) call.parameters.refuse(fail(Code::forbidden, "it is somebody else's comment"));
  return *comment;
}

}  // namespace

http::Response list_issue_activity(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const std::string list = fmt::format("activity|{}", issue->id);
  const std::uint32_t limit = call.parameters.limit();
  std::optional<std::int64_t> before;
  if (const auto values = call.parameters.cursor(list, 1)) before = number_of(values->front());
  if (call.parameters.failed()) return call.parameters.failure();
  auto rows = postgres::list_activity(call.api.database, issue->project_id, issue->id, before, limit + 1);
  if (!rows) return fail(rows.error());
  std::optional<std::string> next;
  if (cut_to_page(*rows, limit)) next = encode_cursor(list, {std::to_string(rows->back().id)});
  Json data = Json::array();
  for (const auto& row : *rows) {
    data.push_back({{"id", row.id},
                    {"at", rfc3339(row.at)},
                    {"user", row.user ? person_json(*row.user) : Json()},
                    {"kind", row.kind},
                    {"data", Json::parse(row.data_json, nullptr, false)},
                    {"undo", row.change_id ? Json{{"change_id", *row.change_id}} : Json()}});
  }
  return list_answer(std::move(data), next);
}

http::Response list_issue_comments(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const std::string list = fmt::format("comments|{}", issue->id);
  const std::uint32_t limit = call.parameters.limit();
  std::int64_t after = 0;
  if (const auto values = call.parameters.cursor(list, 1)) after = number_of(values->front());
  if (call.parameters.failed()) return call.parameters.failure();
  auto rows = postgres::list_comments(call.api.database, issue->project_id, issue->id, after, limit + 1);
  if (!rows) return fail(rows.error());
  std::optional<std::string> next;
  if (cut_to_page(*rows, limit)) next = encode_cursor(list, {std::to_string(rows->back().id)});
  Json data = Json::array();
  for (const auto& row : *rows) data.push_back(comment_json(row));
  return list_answer(std::move(data), next);
}

http::Response add_issue_comment(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto text = comment_text(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto id = postgres::add_comment(call.api.database, issue->project_id, issue->id, call.principal.user_id, text);
  if (!id) return fail(id.error());
  return comment_answer(call, *issue, *id, 201);
}

http::Response edit_issue_comment(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto comment = own_comment(call, *issue, false);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto text = comment_text(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto status = postgres::edit_comment(call.api.database, issue->project_id, comment->id, text);
  if (!status) return fail(status.error());
  return comment_answer(call, *issue, comment->id, 200);
}

http::Response remove_issue_comment(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto comment = own_comment(call, *issue, true);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto status = postgres::remove_comment(call.api.database, issue->project_id, comment->id);
  if (!status) return fail(status.error());
  return answer({{"deleted", comment->id}});
}

}  // namespace mesher::api
