#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
http::Response get_issue(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto lines = postgres::sparklines(call.api.database, issue->project_id, {issue->id}, call.api.clock.now());
  if (!lines) return fail(lines.error());
  return answer(issue_json(*issue, lines->front()));
}

}  // namespace mesher::api
