#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"

namespace mesher::api {
namespace {

constexpr UnixMicros kDay = 86'400'000'000;
constexpr UnixMicros kMostBuckets = 2'208;  // 92 days of hours

}  // namespace

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
