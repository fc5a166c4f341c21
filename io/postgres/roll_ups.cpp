#include "io/postgres/roll_ups.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "io/postgres/clean_text.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kLabelCharacters = 200;  // as in tag_days

/// Start of the `length` that holds `time`.
UnixMicros floor_to(UnixMicros time, UnixMicros length) {
  return time - (time % length + length) % length;
}

std::string label(std::string_view text) {
  std::string clean;
  append_clean(clean, first_characters(text, kLabelCharacters));
  return clean;
}

}  // namespace

Call add_issue_days(std::span<nodes::Event* const> events) {
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
  std::map<Key, std::int64_t> sums;
  auto last = sums.end();
  for (const auto* event : events) {  // of an issue they lie side by side
    const Key key{event->project_id, floor_to(event->received, kDay) / kDay, event->issue_id};
    if (last == sums.end() || last->first != key) last = sums.try_emplace(key, 0).first;
    ++last->second;
  }
  std::vector<std::int64_t> projects, issues, counts;
  std::vector<std::string> days;
  for (const auto& [key, count] : sums) {
    projects.push_back(std::get<0>(key));
    days.push_back(date_text(std::get<1>(key)));
    issues.push_back(std::get<2>(key));
    counts.push_back(count);
  }
  Call call;
  call.sql =
      "insert into issue_days as d (project_id, day, issue_id, events) "
      "select * from unnest($1::integer[], $2::date[], $3::bigint[], $4::bigint[]) "
      "on conflict (project_id, day, issue_id) do update set events = d.events + excluded.events";
  call.params.integers(projects).texts(days).integers(issues).integers(counts);
  return call;
}

std::optional<Call> add_tag_hours(std::span<nodes::Event* const> events, std::span<const EventPlace> places,
                                  TagLimits& limits) {
  using Key = std::tuple<std::int64_t, std::string, std::string, UnixMicros>;
  std::map<Key, std::int64_t> sums;
  // Neighbours are alike nearly always: the last place of each key saves most of the look-ups.
  struct Last {
    const nodes::Event* event = nullptr;
    UnixMicros hour = 0;
    std::string_view value;
    std::int64_t* count = nullptr;
  };
  Last environments, releases;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& event = *events[i];
    const UnixMicros hour = floor_to(event.received, kHour);
    const auto add = [&](Last& last, std::string_view key, std::string_view value) {
      if (value.empty()) return;
      const bool same = last.event != nullptr && last.event->project_id == event.project_id && last.hour == hour &&
                        last.value == value && places[i].day == last.event->received / kDay;
      if (!same) {
        const auto clean = label(value);
        const auto admitted = limits.admit(event.project_id, places[i].day, key, clean);
        last = {&event, hour, value,
                &sums[{event.project_id, std::string(admitted.first), std::string(admitted.second), hour}]};
      }
      ++*last.count;
    };
    add(environments, "environment", event.environment);
    add(releases, "release", event.release);
  }
  if (sums.empty()) return std::nullopt;
  std::vector<std::int64_t> projects, counts;
  std::vector<std::string_view> keys, values;
  std::vector<UnixMicros> hours;
  for (const auto& [key, count] : sums) {
    projects.push_back(std::get<0>(key));
    keys.push_back(std::get<1>(key));
    values.push_back(std::get<2>(key));
    hours.push_back(std::get<3>(key));
    counts.push_back(count);
  }
  Call call;
  call.sql =
      "insert into tag_hours as t (project_id, key, value, hour, events) "
      "select * from unnest($1::integer[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[]) "
      "on conflict (project_id, key, value, hour) do update set events = t.events + excluded.events";
  call.params.integers(projects).texts(keys).texts(values).times(hours).integers(counts);
  return call;
}

}  // namespace mesher::postgres
