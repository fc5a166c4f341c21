#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "io/api/issue_audit.hpp"
#include "io/api/issue_edit.hpp"
#include "io/api/live_messages.hpp"
#include "io/api/routes.hpp"
#include "io/api/search.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kMostIds = 10'000;

/// An issue that a request is about, with its project.
struct Subject {
  postgres::IssueRow issue;
  postgres::ProjectRow project;
};

std::optional<Subject> subject_of(Call& call) {
  auto issue = visible_issue(call);
  if (call.parameters.failed()) return std::nullopt;
  auto project = postgres::find_project(call.api.database, issue->project_id);
  if (!project) call.parameters.refuse(fail(project.error()));
  if (project && !*project) call.parameters.refuse(no_such("issue"));
  if (call.parameters.failed()) return std::nullopt;
  return Subject{*std::move(issue), **std::move(project)};
}

/// `If-Match: "7"`: the version that the caller has seen.
std::optional<std::int64_t> expected_version(Call& call) {
  auto text = call.request.header("if-match");
  if (text.empty() || text == "*") return std::nullopt;
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  std::int64_t version = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (problem == std::errc() && end == text.data() + text.size() && version >= 1) return version;
  call.parameters.refuse(
      fail(Code::invalid_parameter, "If-Match must be the version of the issue in quotation marks", "If-Match"));
  return std::nullopt;
}

Json undo_json(const postgres::IssueChanges& changes) {
  return changes.change_id == 0 ? Json() : Json{{"change_id", changes.change_id}};
}

/// What was asked for, and what it takes to undo it.
Json details_of(const postgres::IssueEdit& edit, const postgres::IssueChanges& changes) {
  Json details{{"change_id", changes.change_id}};
  if (edit.state) details["status"] = edit.state->status;
  if (edit.assign) {
    details["assigned_to"] = edit.user ? Json{{"user", *edit.user}} : edit.team ? Json{{"team", *edit.team}} : Json();
  }
  return details;
}

http::Response too_late(Call& call, const postgres::IssueRow& issue) {
  const auto last = postgres::last_change(call.api.database, issue.project_id, issue.id);
  if (!last) return fail(last.error());
  const auto by = *last ? fmt::format(" by {} at {} ({})", (*last)->who, rfc3339((*last)->at), (*last)->kind) : "";
  return fail(Code::conflict, fmt::format("the issue was changed{}; its version is {} now", by, issue.version),
              "If-Match");
}

http::Response change_one(Call& call, const Subject& subject, const postgres::IssueEdit& edit) {
  postgres::IssueSelection selection;
  selection.ids = {subject.issue.id};
  selection.version = expected_version(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto changes = postgres::change_issues(
      call.api.database, subject.project.id, selection, edit, call.principal.user_id,
      [&](postgres::Connection& connection, const postgres::IssueChanges& made) {
        return note_issue(call, connection, "issue.update", subject.project, subject.issue, details_of(edit, made));
      });
  if (!changes) return fail(changes.error());
  tell_watchers(call, subject.project.id, *changes);
  const auto issue = postgres::find_issue(call.api.database, subject.issue.id, call.principal.organization_ids());
  if (!issue) return fail(issue.error());
  if (!*issue) return no_such("issue");
  if (selection.version && changes->changed == 0 && (*issue)->version != *selection.version) {
    return too_late(call, **issue);
  }
  const auto lines = postgres::sparklines(call.api.database, subject.project.id, {(*issue)->id}, call.api.clock.now());
  if (!lines) return fail(lines.error());
  auto json = issue_json(**issue, lines->front());
  json["undo"] = undo_json(*changes);
  return answer(json);
}

/// A verb: reads the body's members into the edit.
template <class Read>
http::Response verb(Call& call, Read read) {
  const auto subject = subject_of(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  postgres::IssueEdit edit;
  read(body, subject->project, edit);
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  return change_one(call, *subject, edit);
}

/// `ids`, or `query` with `from` and `to` as in the list, but without their defaults.
postgres::IssueSelection read_selection(Call& call, Body& body) {
  postgres::IssueSelection selection;
  const auto ids = body.ids("ids", kMostIds);
  const auto query = body.secret("query", 0, kMaxText);
  const auto from = body.time("from"), to = body.time("to");
  if (ids.has_value() == query.has_value()) body.refuse("ids", "or query is needed, and only one of them");
  if (call.parameters.failed()) return selection;
  if (ids) {
    selection.ids = *ids;
    return selection;
  }
  postgres::IssueListing listing;
  listing.query = read_query(call.parameters, *query, query::Scope::issues);
  listing.user_id = call.principal.user_id;
  listing.now = call.api.clock.now();
  listing.from = from;
  listing.to = to;
  selection.condition = [listing](postgres::Params& params) { return postgres::issue_condition(listing, params); };
  return selection;
}

http::Response changes_answer(Call& call, std::uint32_t project_id, const postgres::IssueChanges& changes, bool undo) {
  tell_watchers(call, project_id, changes);
  Json json{{"changed", changes.changed}};
  if (undo) json["skipped"] = changes.skipped;
  json["undo"] = undo_json(changes);
  return answer(json);
}

}  // namespace

http::Response patch_issue(Call& call) {
  return verb(call, [&](Body& body, const auto& project, auto& edit) { edit = read_edit(call, body, project); });
}

http::Response resolve_issue(Call& call) {
  return verb(call, [&](Body& body, const auto& project, auto& edit) {
    read_resolved_in(call, body, project, edit.state.emplace(resolved()));
  });
}

http::Response unresolve_issue(Call& call) {
  return verb(call, [](Body& /*body*/, const auto& /*project*/, auto& edit) { edit.state = unresolved(); });
}

http::Response archive_issue(Call& call) {
  return verb(call, [&](Body& body, const auto& /*project*/, auto& edit) { edit.state = archived(call, body); });
}

http::Response assign_issue(Call& call) {
  return verb(call, [&](Body& body, const auto& project, auto& edit) {
    const auto* whole = body.member("assigned_to");
    if (whole == nullptr) return read_assignee(call, body, project, edit);
    edit.assign = true;
    if (whole->is_null()) return;
    Body part(call, *whole, "assigned_to");
    read_assignee(call, part, project, edit);
    part.finish();
  });
}

http::Response patch_project_issues(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto selection = read_selection(call, body);
  const auto edit = read_edit(call, body, *project);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto changes = postgres::change_issues(
      call.api.database, project->id, selection, edit, call.principal.user_id,
      [&](postgres::Connection& connection, const postgres::IssueChanges& made) {
        return note_issues(call, connection, "issue.update", *project, made.changed, details_of(edit, made));
      });
  if (!changes) return fail(changes.error());
  return changes_answer(call, project->id, *changes, false);
}

http::Response undo_issue_change(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto change = body.integer("change_id", 1, std::numeric_limits<std::int64_t>::max());
  if (!change) body.refuse("change_id", "is missing");
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto changes = postgres::undo_change(
      call.api.database, project->id, *change, call.principal.user_id,
      [&](postgres::Connection& connection, const postgres::IssueChanges& made) {
        return note_issues(call, connection, "issue.undo", *project, made.changed, Json{{"change_id", *change}});
      });
  if (!changes) return fail(changes.error());
  return changes_answer(call, project->id, *changes, true);
}

}  // namespace mesher::api
