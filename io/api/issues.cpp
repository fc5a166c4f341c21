#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/search_query.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

using postgres::IssueSort;

constexpr UnixMicros kDay = 86'400'000'000;
constexpr UnixMicros kMostBuckets = 2'208;  // 92 days of hours

IssueSort sort_of(Call& call) {
  const auto name =
      call.parameters.choice("sort", {"last_seen", "first_seen", "event_count", "frequency", "user_count", "users"});
  if (name == "first_seen") return IssueSort::first_seen;
  if (name == "event_count" || name == "frequency") return IssueSort::event_count;
  if (name == "user_count" || name == "users") return IssueSort::user_count;
  return IssueSort::last_seen;
}

}  // namespace

http::Response list_project_issues(Call& call) {
  const auto project = visible_project(call);
  auto& parameters = call.parameters;
  const std::string text = parameters.text("query");
  const SearchQuery query = read_query(parameters, text, true);
  postgres::IssueListing listing;
  listing.status = query.status;
  listing.level = query.level;
  listing.words = query.words;
  listing.from = parameters.time("from").value_or(call.api.clock.now() - kDay);
  listing.to = parameters.time("to");
  listing.sort = sort_of(call);
  const std::uint32_t limit = parameters.limit();
  listing.limit = limit + 1;
  if (parameters.failed()) return parameters.failure();
  listing.project_id = project->id;
  const std::string list = fmt::format("issues|{}|{}|{}", project->id, static_cast<int>(listing.sort), text);
  if (const auto values = parameters.cursor(list, 2)) {
    listing.after = postgres::IssuePosition{number_of((*values)[0]), number_of((*values)[1])};
  }
  if (parameters.failed()) return parameters.failure();

  auto issues = postgres::list_issues(call.api.database, listing);
  if (!issues) return fail(issues.error());
  std::optional<std::string> next;
  if (cut_to_page(*issues, limit)) {
    const auto last = position_of(issues->back(), listing.sort);
    next = encode_cursor(list, {std::to_string(last.value), std::to_string(last.id)});
  }
  std::vector<std::int64_t> ids;
  for (const auto& issue : *issues) ids.push_back(issue.id);
  const auto lines = postgres::sparklines(call.api.database, project->id, ids, call.api.clock.now());
  if (!lines) return fail(lines.error());
  Json data = Json::array();
  for (std::size_t i = 0; i < issues->size(); ++i) data.push_back(issue_json((*issues)[i], (*lines)[i]));
  return list_answer(std::move(data), next);
}

http::Response get_issue(Call& call) {
  const auto issue = visible_issue(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto lines = postgres::sparklines(call.api.database, issue->project_id, {issue->id}, call.api.clock.now());
  if (!lines) return fail(lines.error());
  return answer(issue_json(*issue, lines->front()));
}

http::Response get_timeline(Call& call) {
  const auto issue = visible_issue(call);
  auto& parameters = call.parameters;
  const auto bucket =
      parameters.choice("bucket", {"hour", "day"}) == "day" ? postgres::Bucket::day : postgres::Bucket::hour;
  const UnixMicros to = parameters.time("to").value_or(call.api.clock.now() + 1);
  const UnixMicros usual = bucket == postgres::Bucket::day ? 30 * kDay : kDay;
  const UnixMicros from = parameters.time("from").value_or(std::max<UnixMicros>(to - usual, 0));
  if ((to - from) / postgres::length_of(bucket) >= kMostBuckets) {
    parameters.refuse(fail(Code::invalid_parameter,
                           fmt::format("from and to must not be more than {} buckets apart", kMostBuckets), "from"));
  }
  if (parameters.failed()) return parameters.failure();
  const auto points = postgres::timeline(call.api.database, *issue, bucket, from, to);
  if (!points) return fail(points.error());
  Json data = Json::array();
  for (const auto& point : *points) data.push_back({{"start", rfc3339(point.start)}, {"events", point.events}});
  return list_answer(std::move(data), std::nullopt);
}

}  // namespace mesher::api
