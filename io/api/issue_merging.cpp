#include <fmt/format.h>

#include <limits>
#include <utility>

#include "io/api/body.hpp"
#include "io/api/issue_audit.hpp"
#include "io/api/live_messages.hpp"
#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/postgres/merge_issues.hpp"
#include "nodes/event.hpp"

namespace mesher::api {
namespace {

constexpr std::size_t kMostMerged = 1000;
constexpr std::size_t kMostHashes = 1000;

/// Mistakes that the database finds are of the body.
http::Response refused(const Error& error) {
  if (error.code == ErrorCode::invalid) {
    return fail(Code::invalid_body, fmt::format("{} {}", error.hint, error.message), error.hint);
  }
  return fail(error);
}

/// Issues are gone, or others than they were: lists are to be asked for again.
void tell_of_changes(Call& call, std::uint32_t project_id, std::size_t count) {
  postgres::IssueChanges changes;
  changes.changed = static_cast<std::int64_t>(count);
  tell_watchers(call, project_id, changes);
}

http::Response issue_answer(Call& call, std::int64_t id) {
  const auto issue = postgres::find_issue(call.api.database, id, call.principal.organization_ids());
  if (!issue) return fail(issue.error());
  if (!*issue) return no_such("issue");
  const auto lines =
      postgres::sparklines(call.api.database, (*issue)->project_id, {(*issue)->id}, call.api.clock.now());
  if (!lines) return fail(lines.error());
  return answer(issue_json(**issue, lines->front()));
}

/// 32 hexadecimal digits, as an event id has them.
std::optional<nodes::Fingerprint> fingerprint_from(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  const auto id = nodes::EventId::parse(text);
  if (!id) return std::nullopt;
  return id->bytes;
}

/// The project of an issue that the caller sees; what is wrong goes into the call's parameters.
std::optional<postgres::ProjectRow> project_of(Call& call, const postgres::IssueRow& issue) {
  auto project = postgres::find_project(call.api.database, issue.project_id);
  if (!project) call.parameters.refuse(fail(project.error()));
  if (project && !*project) call.parameters.refuse(no_such("issue"));
  if (call.parameters.failed()) return std::nullopt;
  return *std::move(project);
}

http::Response remove(Call& call, bool discard) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto project = project_of(call, *issue);
  if (!project) return call.parameters.failure();
  const auto status =
      postgres::delete_issue(call.api.database, {issue->project_id, issue->id}, discard, call.principal.user_id,
                             [&](postgres::Connection& connection) {
                               return note_issue(call, connection, discard ? "issue.discard" : "issue.delete", *project,
                                                 *issue, Json{{"events", issue->event_count}});
                             });
  if (!status) return fail(status.error());
  tell_of_changes(call, issue->project_id, 1);
  return answer({{"deleted", issue->id}, {"discarded", discard}});
}

}  // namespace

http::Response merge_issue(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  auto sources = body.ids("ids", kMostMerged);
  auto target = body.integer("into", 1, std::numeric_limits<std::int64_t>::max());
  if (sources.has_value() == target.has_value() || (sources && sources->empty())) {
    body.refuse("ids", "or into is needed, and only one of them");
  }
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  if (target) sources = {issue->id};
  const std::int64_t into = target.value_or(issue->id);
  const auto project = project_of(call, *issue);
  if (!project) return call.parameters.failure();
  const auto status = postgres::merge_issues(
      call.api.database, {issue->project_id, into}, *sources, call.principal.user_id,
      [&](postgres::Connection& connection) {
        return note_issue(call, connection, "issue.merge", *project, *issue, Json{{"ids", *sources}, {"into", into}});
      });
  if (!status) return refused(status.error());
  tell_of_changes(call, issue->project_id, sources->size() + 1);
  return issue_answer(call, into);
}

http::Response split_issue(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  Body body(call);
  const auto texts = body.texts("hashes", kMostHashes, 64);
  std::vector<nodes::Fingerprint> hashes;
  for (const auto& text : texts.value_or(std::vector<std::string>())) {
    const auto hash = fingerprint_from(text);
    if (!hash) body.refuse("hashes", "must be a list of hashes of 32 hexadecimal digits");
    if (hash) hashes.push_back(*hash);
  }
  if (hashes.empty()) body.refuse("hashes", "must name one hash or more");
  body.finish();
  if (call.parameters.failed()) return call.parameters.failure();
  const auto project = project_of(call, *issue);
  if (!project) return call.parameters.failure();
  const auto made =
      postgres::split_issue(call.api.database, {issue->project_id, issue->id}, hashes, call.principal.user_id,
                            [&](postgres::Connection& connection, std::int64_t fresh) {
                              return note_issue(call, connection, "issue.split", *project, *issue,
                                                Json{{"hashes", *texts}, {"new_issue", fresh}});
                            });
  if (!made) return refused(made.error());
  tell_of_changes(call, issue->project_id, 2);
  return issue_answer(call, *made);
}

http::Response remove_issue(Call& call) {
  return remove(call, false);
}

http::Response discard_issue(Call& call) {
  return remove(call, true);
}

http::Response list_issue_hashes(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto hashes = postgres::list_hashes(call.api.database, {issue->project_id, issue->id});
  if (!hashes) return fail(hashes.error());
  Json data = Json::array();
  for (const auto& hash : *hashes) {
    data.push_back({{"hash", hash.hash},
                    {"primary", hash.hash == issue->fingerprint},
                    {"recent_events", hash.events},
                    {"last_event_id", hash.last_event.empty() ? Json() : Json(hash.last_event)}});
  }
  return list_answer(std::move(data), std::nullopt);
}

http::Response list_discarded(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const std::string list = fmt::format("discarded|{}", project->id);
  const std::uint32_t limit = call.parameters.limit();
  std::string after;
  if (const auto values = call.parameters.cursor(list, 1)) after = values->front();
  if (call.parameters.failed()) return call.parameters.failure();
  auto entries = postgres::list_discarded(call.api.database, project->id, after, limit + 1);
  if (!entries) return fail(entries.error());
  std::optional<std::string> next;
  if (cut_to_page(*entries, limit)) next = encode_cursor(list, {entries->back().hash});
  Json data = Json::array();
  for (const auto& entry : *entries) {
    data.push_back({{"hash", entry.hash},
                    {"title", entry.title},
                    {"discarded_by", entry.discarded_by ? Json(*entry.discarded_by) : Json()},
                    {"discarded_at", rfc3339(entry.discarded_at)}});
  }
  return list_answer(std::move(data), next);
}

http::Response restore_discarded(Call& call) {
  const auto project = visible_project(call);
  const auto text = call.request.path_parameters.find("hash");
  const auto hash = text == call.request.path_parameters.end() ? std::nullopt : fingerprint_from(text->second);
  if (!hash) call.parameters.refuse(fail(Code::invalid_parameter, "hash must be 32 hexadecimal digits", "hash"));
  if (call.parameters.failed()) return call.parameters.failure();
  const auto status =
      postgres::restore_discarded(call.api.database, project->id, *hash, [&](postgres::Connection& connection) {
        return note_issues(call, connection, "issue.restore", *project, 1, Json{{"hash", text->second}});
      });
  if (!status) return fail(status.error());
  return answer({{"restored", text->second}});
}

}  // namespace mesher::api
