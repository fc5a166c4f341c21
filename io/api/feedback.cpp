// What users of the programs that failed said about it.
#include "io/postgres/read_feedback.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/times.hpp"

namespace mesher::api {
namespace {

Json feedback_json(const postgres::FeedbackRow& row) {
  return {{"id", row.id.hex()},
          {"event_id", row.event_id ? Json(row.event_id->hex()) : Json()},
          {"issue_id", row.issue_id == 0 ? Json() : Json(row.issue_id)},
          {"received_at", rfc3339(row.received_at)},
          {"name", row.name},
          {"email", row.email},
          {"comments", row.comments},
          {"url", row.url}};
}

http::Response page(Call& call, const std::string& list, postgres::FeedbackListing listing) {
  const std::uint32_t limit = call.parameters.limit();
  listing.limit = limit + 1;
  if (const auto values = call.parameters.cursor(list, 2)) {
    listing.after = {number_of((*values)[0]), nodes::EventId::parse((*values)[1]).value_or(nodes::EventId{})};
  }
  if (call.parameters.failed()) return call.parameters.failure();
  auto rows = postgres::list_feedback(call.api.database, listing);
  if (!rows) return fail(rows.error());
  std::optional<std::string> next;
  if (cut_to_page(*rows, limit)) {
    next = encode_cursor(list, {std::to_string(rows->back().received_at), rows->back().id.hex()});
  }
  Json data = Json::array();
  for (const auto& row : *rows) data.push_back(feedback_json(row));
  return list_answer(std::move(data), next);
}

}  // namespace

http::Response list_project_feedback(Call& call) {
  const auto project = visible_project(call);
  if (call.parameters.failed()) return call.parameters.failure();
  postgres::FeedbackListing listing;
  listing.project_id = project->id;
  return page(call, fmt::format("feedback|{}", project->id), listing);
}

http::Response list_issue_feedback(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  postgres::FeedbackListing listing;
  listing.project_id = issue->project_id;
  listing.issue_id = issue->id;
  return page(call, fmt::format("issue feedback|{}", issue->id), listing);
}

}  // namespace mesher::api
