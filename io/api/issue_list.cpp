#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/search.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

using postgres::IssueSort;

constexpr UnixMicros kDay = 86'400'000'000;

IssueSort sort_of(Parameters& parameters) {
  const auto name = parameters.choice(
      "sort", {"last_seen", "first_seen", "event_count", "frequency", "user_count", "users", "trend"});
  if (name == "first_seen") return IssueSort::first_seen;
  if (name == "event_count" || name == "frequency") return IssueSort::event_count;
  if (name == "user_count" || name == "users") return IssueSort::user_count;
  if (name == "trend") return IssueSort::trend;
  return IssueSort::last_seen;
}

}  // namespace

/// A cursor holds the moment of the first page: all pages look at the same time range, and read relative times alike.
http::Response list_project_issues(Call& call) {
  const auto project = visible_project(call);
  auto& parameters = call.parameters;
  postgres::IssueListing listing;
  listing.query = read_query(parameters, query::Scope::issues);
  listing.user_id = call.principal.user_id;
  listing.now = call.api.clock.now();
  listing.sort = sort_of(parameters);
  const std::uint32_t limit = parameters.limit();
  listing.limit = limit + 1;
  if (parameters.failed()) return parameters.failure();
  listing.project_id = project->id;
  const std::string list = fmt::format("issues|{}|{}|{}|{}|{}", project->id, static_cast<int>(listing.sort),
                                       parameters.text("from"), parameters.text("to"), query::print(listing.query));
  if (const auto values = parameters.cursor(list, 3)) {
    listing.after = postgres::IssuePosition{number_of((*values)[0]), number_of((*values)[1])};
    listing.now = number_of((*values)[2]);
  }
  listing.from = parameters.time("from").value_or(listing.now - kDay);
  listing.to = parameters.time("to");
  if (parameters.failed()) return parameters.failure();

  auto issues = postgres::list_issues(call.api.database, listing);
  if (!issues) return fail(issues.error());
  std::optional<std::string> next;
  if (cut_to_page(*issues, limit)) {
    const auto last = position_of(issues->back(), listing.sort);
    next = encode_cursor(list, {std::to_string(last.value), std::to_string(last.id), std::to_string(listing.now)});
  }
  std::vector<std::int64_t> ids;
  for (const auto& issue : *issues) ids.push_back(issue.id);
  const auto lines = postgres::sparklines(call.api.database, project->id, ids, call.api.clock.now());
  if (!lines) return fail(lines.error());
  Json data = Json::array();
  for (std::size_t i = 0; i < issues->size(); ++i) data.push_back(issue_json((*issues)[i], (*lines)[i]));
  return list_answer(std::move(data), next);
}

}  // namespace mesher::api
