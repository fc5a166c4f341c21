#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "io/api/routes.hpp"
#include "io/api/show.hpp"
#include "io/api/time_range.hpp"
#include "io/postgres/read_roll_ups.hpp"
#include "io/postgres/read_tags.hpp"

/// What dashboards show: answers from the roll-ups alone.
namespace mesher::api {
namespace {

constexpr UnixMicros kLongest = 366 * kDay;
constexpr std::array kLevels{nodes::Level::debug, nodes::Level::info, nodes::Level::warning, nodes::Level::error,
                             nodes::Level::fatal};

Json bucket_counts(const Timeline& timeline, const std::vector<postgres::HourCount>& hours, std::int64_t& total) {
  const auto& starts = timeline.buckets.starts();
  std::vector<std::int64_t> counts(starts.size());
  for (const auto& hour : hours) {
    counts[timeline.buckets.place_of(hour.hour)] += hour.events;
    total += hour.events;
  }
  Json data = Json::array();
  for (std::size_t i = 0; i < starts.size(); ++i)
    data.push_back({{"start", rfc3339(starts[i])}, {"events", counts[i]}});
  return data;
}

http::Response timeline_answer(const Timeline& timeline, const std::vector<postgres::HourCount>& hours) {
  std::int64_t total = 0;
  Json data = bucket_counts(timeline, hours, total);
  return answer({{"data", std::move(data)}, {"next_cursor", nullptr}, {"total", total}});
}

/// environment, release and level: one of them, because no sums are kept of events that have two of them.
postgres::VolumeFilter read_filter(Call& call) {
  auto& parameters = call.parameters;
  postgres::VolumeFilter filter;
  int given = 0;
  for (const std::string_view key : {"environment", "release"}) {
    if (!call.request.query_parameter(key)) continue;
    filter.tag_key = key;
    filter.tag_value = parameters.text(key);
    ++given;
  }
  if (const auto names = call.request.query_parameter("level")) {
    ++given;
    for (std::size_t at = 0; at <= names->size();) {
      const auto comma = std::min(names->find(',', at), names->size());
      const auto level = nodes::level_from(std::string_view(*names).substr(at, comma - at));
      if (!level) {
        parameters.refuse(
            fail(Code::invalid_parameter, "level must be one or more of debug, info, warning, error, fatal", "level"));
        break;
      }
      filter.levels.push_back(*level);
      at = comma + 1;
    }
  }
  if (given > 1) {
    parameters.refuse(fail(Code::invalid_parameter,
                           "only one of environment, release and level can be given: sums are kept for each of them, "
                           "not for their combinations",
                           "level"));
  }
  return filter;
}

/// Refuses filters for which no sums are kept.
void refuse_filters(Call& call) {
  for (const std::string_view key : {"environment", "release", "level", "query"}) {
    if (!call.request.query_parameter(key)) continue;
    call.parameters.refuse(
        fail(Code::invalid_parameter, fmt::format("{} can't be given here: no sums are kept for it", key), key));
  }
}

/// Most events in a time range that reaches over whole days of UTC.
TimeRange whole_days(TimeRange range) {
  return {range.from / kDay * kDay, (range.to + kDay - 1) / kDay * kDay};
}

}  // namespace

http::Response get_volume(Call& call) {
  const auto project = visible_project(call);
  const auto filter = read_filter(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto timeline = read_timeline(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto hours = postgres::volume(call.api.database, project->id, filter, timeline.range.from, timeline.range.to);
  if (!hours) return fail(hours.error());
  return timeline_answer(timeline, *hours);
}

http::Response get_timeline(Call& call) {
  const auto issue = visible_issue(call);
  refuse_filters(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto timeline = read_timeline(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto hours = postgres::issue_volume(call.api.database, *issue, timeline.range.from, timeline.range.to);
  if (!hours) return fail(hours.error());
  return timeline_answer(timeline, *hours);
}

http::Response get_levels(Call& call) {
  const auto project = visible_project(call);
  refuse_filters(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto timeline = read_timeline(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto rows = postgres::levels(call.api.database, project->id, timeline.range.from, timeline.range.to);
  if (!rows) return fail(rows.error());
  const auto& starts = timeline.buckets.starts();
  std::vector<std::array<std::int64_t, kLevels.size()>> counts(starts.size());
  std::array<std::int64_t, kLevels.size()> totals{};
  for (const auto& row : *rows) {
    const auto level = static_cast<std::size_t>(row.level);
    if (level >= kLevels.size()) continue;
    counts[timeline.buckets.place_of(row.hour)][level] += row.events;
    totals[level] += row.events;
  }
  const auto by_name = [](const auto& numbers) {
    Json json = Json::object();
    for (const auto level : kLevels) json[std::string(name_of(level))] = numbers[static_cast<std::size_t>(level)];
    return json;
  };
  Json data = Json::array();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    data.push_back({{"start", rfc3339(starts[i])}, {"levels", by_name(counts[i])}});
  }
  return answer({{"data", std::move(data)}, {"next_cursor", nullptr}, {"totals", by_name(totals)}});
}

http::Response get_top_issues(Call& call) {
  const auto project = visible_project(call);
  refuse_filters(call);
  const std::uint32_t limit = call.parameters.limit();
  const auto range = read_range(call, kDay, kLongest);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto top = postgres::top_issues(call.api.database, project->id, range.from, range.to, limit);
  if (!top) return fail(top.error());
  std::vector<std::int64_t> ids;
  for (const auto& entry : *top) ids.push_back(entry.issue.id);
  const auto lines = postgres::sparklines(call.api.database, project->id, ids, call.api.clock.now());
  if (!lines) return fail(lines.error());
  Json data = Json::array();
  for (std::size_t i = 0; i < top->size(); ++i) {
    data.push_back({{"events", (*top)[i].events}, {"issue", issue_json((*top)[i].issue, (*lines)[i])}});
  }
  return list_answer(std::move(data), std::nullopt);
}

http::Response get_dashboard_tags(Call& call) {
  const auto project = visible_project(call);
  refuse_filters(call);
  const std::string key = call.request.query_parameter("key") ? call.parameters.text("key") : "environment";
  postgres::TagListing listing;
  listing.limit = call.parameters.limit();
  auto range = read_range(call, kDay, kLongest);
  if (call.parameters.failed()) return call.parameters.failure();
  // Environments and releases are counted by the hour, all others by the day.
  const bool by_hour = key == "environment" || key == "release";
  if (!by_hour) range = whole_days(range);
  listing.project_id = project->id;
  listing.from = range.from;
  listing.to = range.to;
  const auto values = range.empty() ? Result<std::vector<postgres::TagValue>>(std::vector<postgres::TagValue>{})
                      : by_hour     ? postgres::list_values_by_hour(call.api.database, listing, key)
                                    : postgres::list_tag_values(call.api.database, listing, key);
  if (!values) return fail(values.error());
  Json data = Json::array();
  for (const auto& value : *values) data.push_back({{"value", value.value}, {"events", value.events}});
  return answer({{"data", std::move(data)},
                 {"next_cursor", nullptr},
                 {"key", key},
                 {"from", rfc3339(range.from)},
                 {"to", rfc3339(range.to)}});
}

http::Response get_health(Call& call) {
  const auto project = visible_project(call);
  const auto zone = read_zone(call);
  refuse_filters(call);
  if (call.parameters.failed()) return call.parameters.failure();
  const UnixMicros now = call.api.clock.now();
  const auto today = days_of(call, zone, now, now + 1);
  if (call.parameters.failed()) return call.parameters.failure();
  const auto counts = postgres::count_issues(call.api.database, {project->id}, today.front());
  if (!counts) return fail(counts.error());
  // With the hour at hand, as in sparklines.
  const auto hours = postgres::volume(call.api.database, project->id, {}, now / kHour * kHour - 23 * kHour, now + kDay);
  if (!hours) return fail(hours.error());
  const auto users = postgres::distinct_users(call.api.database, project->id, now, {1, 7, 30});
  if (!users) return fail(users.error());
  std::int64_t events = 0;
  for (const auto& hour : *hours) events += hour.events;
  const auto& count = counts->front();
  return answer({{"unresolved", count.unresolved},
                 {"resolved", count.resolved},
                 {"archived", count.archived},
                 {"regressed", count.regressed},
                 {"escalating", count.escalating},
                 {"new_today", count.fresh},
                 {"events_24h", events},
                 {"users", {{"today", (*users)[0]}, {"last_7_days", (*users)[1]}, {"last_30_days", (*users)[2]}}}});
}

}  // namespace mesher::api
