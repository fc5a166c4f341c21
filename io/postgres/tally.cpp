#include "io/postgres/tally.hpp"

#include <xxhash.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "io/postgres/clean_text.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kLabelCharacters = 200;
constexpr std::string_view kCategory = "error";  // of the events themselves, whether they carry an exception or not

UnixMicros hour_of(UnixMicros time) {
  return time - (time % kHour + kHour) % kHour;
}

std::vector<const nodes::Event*> sorted_by_issue(std::span<nodes::Event* const> events) {
  std::vector<const nodes::Event*> sorted(events.begin(), events.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return std::tie(a->project_id, a->issue_id, a->received) < std::tie(b->project_id, b->issue_id, b->received);
  });
  return sorted;
}

void add_event(IssueDelta& issue, const nodes::Event& event) {
  if (issue.events == 0 || event.timestamp < issue.first_seen) issue.first_seen = event.timestamp;
  if (issue.events == 0 || event.timestamp >= issue.last_seen) {
    issue.last_seen = event.timestamp;
    issue.level = event.level;
  }
  issue.last_received = std::max(issue.last_received, event.received);
  ++issue.events;
  if (const auto key = event.user.key(); !key.empty()) issue.users.push_back(XXH3_64bits(key.data(), key.size()));
}

struct TagKey {
  std::uint32_t project_id;
  std::int64_t day;
  std::string_view key, value;
  friend auto operator<=>(const TagKey&, const TagKey&) = default;
};

struct HashTagKey {
  std::size_t operator()(const TagKey& tag) const {
    const auto seed = XXH3_64bits_withSeed(tag.key.data(), tag.key.size(), tag.project_id + (tag.day << 32));
    return XXH3_64bits_withSeed(tag.value.data(), tag.value.size(), seed);
  }
};

std::string label(std::string_view text) {
  std::string clean;
  append_clean(clean, first_characters(text, kLabelCharacters));
  return clean;
}

}  // namespace

std::vector<IssueDelta> sum_issues(std::span<nodes::Event* const> events) {
  std::vector<IssueDelta> issues;
  for (const auto* event : sorted_by_issue(events)) {
    if (issues.empty() || issues.back().project_id != event->project_id || issues.back().issue_id != event->issue_id) {
      auto& issue = issues.emplace_back();
      issue.project_id = event->project_id;
      issue.issue_id = event->issue_id;
      issue.epoch = event->issue_epoch;
    }
    issues.back().epoch = std::min(issues.back().epoch, event->issue_epoch);
    add_event(issues.back(), *event);
  }
  for (auto& issue : issues) {
    std::sort(issue.users.begin(), issue.users.end());
    issue.users.erase(std::unique(issue.users.begin(), issue.users.end()), issue.users.end());
  }
  return issues;
}

Call update_issues(std::span<const IssueDelta> issues) {
  std::vector<std::int64_t> projects, ids, events, levels, users;
  std::vector<UnixMicros> first, last, received;
  for (const auto& issue : issues) {
    projects.push_back(issue.project_id);
    ids.push_back(issue.issue_id);
    events.push_back(issue.events);
    first.push_back(issue.first_seen);
    last.push_back(issue.last_seen);
    received.push_back(issue.last_received);
    levels.push_back(static_cast<std::int64_t>(issue.level));
    users.push_back(issue.user_count);
  }
  Call call;
  // An issue that had no event yet takes its times from its events alone.
  call.sql =
      "update issues i set event_count = i.event_count + d.events,"
      " first_seen = case when i.event_count = 0 then d.first_seen else least(i.first_seen, d.first_seen) end,"
      " last_seen = case when i.event_count = 0 then d.last_seen else greatest(i.last_seen, d.last_seen) end,"
      " last_received = case when i.event_count = 0 then d.received else greatest(i.last_received, d.received) end,"
      " level = case when i.event_count = 0 or d.last_seen >= i.last_seen then d.level else i.level end,"
      " user_count = case when d.users < 0 then i.user_count else d.users end "
      "from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::smallint[],"
      " $7::integer[], $8::timestamptz[]) as d (project_id, id, events, first_seen, last_seen, level, users, received) "
      "where i.project_id = d.project_id and i.id = d.id";
  call.params.integers(projects).integers(ids).integers(events).times(first).times(last).integers(levels).integers(
      users);
  call.params.times(received);
  return call;
}

Call add_project_hours(std::span<nodes::Event* const> events) {
  std::map<std::tuple<std::int64_t, UnixMicros, std::int64_t>, std::int64_t> sums;
  for (const auto* event : events) {
    ++sums[{event->project_id, hour_of(event->received), static_cast<std::int64_t>(event->level)}];
  }
  std::vector<std::int64_t> projects, levels, counts;
  std::vector<UnixMicros> hours;
  for (const auto& [key, count] : sums) {
    projects.push_back(std::get<0>(key));
    hours.push_back(std::get<1>(key));
    levels.push_back(std::get<2>(key));
    counts.push_back(count);
  }
  Call call;
  call.sql =
      "insert into project_hours as h (project_id, hour, level, events) "
      "select * from unnest($1::integer[], $2::timestamptz[], $3::smallint[], $4::bigint[]) "
      "on conflict (project_id, hour, level) do update set events = h.events + excluded.events";
  call.params.integers(projects).times(hours).integers(levels).integers(counts);
  return call;
}

Call add_issue_hours(std::span<nodes::Event* const> events) {
  std::vector<std::int64_t> projects, issues, counts;
  std::vector<UnixMicros> hours;
  for (const auto* event : sorted_by_issue(events)) {  // so equal hours of an issue are neighbours
    const auto hour = hour_of(event->received);
    if (!issues.empty() && projects.back() == event->project_id && issues.back() == event->issue_id &&
        hours.back() == hour) {
      ++counts.back();
      continue;
    }
    projects.push_back(event->project_id);
    issues.push_back(event->issue_id);
    hours.push_back(hour);
    counts.push_back(1);
  }
  Call call;
  call.sql =
      "insert into issue_hours as h (project_id, issue_id, hour, events) "
      "select * from unnest($1::integer[], $2::bigint[], $3::timestamptz[], $4::bigint[]) "
      "on conflict (project_id, issue_id, hour) do update set events = h.events + excluded.events";
  call.params.integers(projects).integers(issues).times(hours).integers(counts);
  return call;
}

Call add_tag_days(std::span<nodes::Event* const> events, std::span<const EventPlace> places, TagLimits& limits) {
  std::unordered_map<TagKey, std::int64_t, HashTagKey> seen;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto& event = *events[i];
    const auto add = [&](std::string_view key, std::string_view value) {
      ++seen[{event.project_id, places[i].day, first_characters(key, kLabelCharacters),
              first_characters(value, kLabelCharacters)}];
    };
    for (const auto& tag : event.tags) add(tag.key, tag.value);
    if (!event.environment.empty()) add("environment", event.environment);
    if (!event.release.empty()) add("release", event.release);
  }
  // Limits and cleaning may make one of several, so the sums are made again.
  std::map<std::tuple<std::int64_t, std::int64_t, std::string, std::string>, std::int64_t> sums;
  for (const auto& [tag, count] : seen) {
    const auto key = label(tag.key), value = label(tag.value);
    const auto admitted = limits.admit(tag.project_id, tag.day, key, value);
    sums[{tag.project_id, tag.day, std::string(admitted.first), std::string(admitted.second)}] += count;
  }
  std::vector<std::int64_t> projects, counts;
  std::vector<std::string> days;
  std::vector<std::string_view> keys, values;
  for (const auto& [key, count] : sums) {
    projects.push_back(std::get<0>(key));
    days.push_back(date_text(std::get<1>(key)));
    keys.push_back(std::get<2>(key));
    values.push_back(std::get<3>(key));
    counts.push_back(count);
  }
  Call call;
  // A row that is new has no xmax: then the key has one named value more.
  call.sql =
      "with sums as (select * from unnest($1::integer[], $2::date[], $3::text[], $4::text[], $5::bigint[])"
      "  as s (project_id, day, key, value, events)),"
      " added as (insert into tag_days as t (project_id, day, key, value, events) select * from sums"
      "  on conflict (project_id, day, key, value) do update set events = t.events + excluded.events"
      "  returning t.project_id, t.day, t.key, t.value <> '' and t.xmax = 0 as named) "
      "insert into tag_key_days as k (project_id, day, key, events, named)"
      " select s.project_id, s.day, s.key, s.events, coalesce(a.named, 0) from"
      " (select project_id, day, key, sum(events) as events from sums group by 1, 2, 3) s left join"
      " (select project_id, day, key, count(*) as named from added where named group by 1, 2, 3) a"
      " using (project_id, day, key) order by 1, 2, 3"
      " on conflict (project_id, day, key) do update"
      " set events = k.events + excluded.events, named = k.named + excluded.named";
  call.params.integers(projects).texts(days).texts(keys).texts(values).integers(counts);
  return call;
}

Call add_outcomes(std::span<nodes::Event* const> stored, std::span<nodes::Event* const> duplicates,
                  std::span<const nodes::OutcomeCount> others) {
  using Key = std::tuple<std::int64_t, UnixMicros, std::int64_t, std::string, std::string, std::string>;
  std::map<Key, std::int64_t> sums;
  const auto add = [&](std::uint32_t project, std::uint32_t key, UnixMicros at, std::string_view outcome,
                       std::string_view reason, std::string_view category, std::int64_t quantity) {
    sums[{project, hour_of(at), key, label(outcome), label(reason), label(category)}] += quantity;
  };
  const auto add_events = [&](std::span<nodes::Event* const> events, std::string_view outcome,
                              std::string_view reason) {
    // Of a batch nearly all are alike: add runs, not events.
    for (std::size_t i = 0, run = 0; i < events.size(); i += run) {
      const auto& first = *events[i];
      for (run = 1; i + run < events.size(); ++run) {
        const auto& next = *events[i + run];
        if (next.project_id != first.project_id || next.key_id != first.key_id || next.replayed != first.replayed ||
            hour_of(next.received) != hour_of(first.received)) {
          break;
        }
      }
      const auto quantity = static_cast<std::int64_t>(run);
      add(first.project_id, first.key_id, first.received, outcome, reason, kCategory, quantity);
      if (first.replayed) {
        add(first.project_id, first.key_id, first.received, "quarantined", "", kCategory, -quantity);
      }
    }
  };
  add_events(stored, "accepted", "");
  add_events(duplicates, "invalid", "duplicate");
  for (const auto& other : others) {
    add(other.project_id, other.key_id, other.at, other.outcome, other.reason, other.category, other.quantity);
  }
  std::vector<std::int64_t> projects, keys, quantities;
  std::vector<UnixMicros> hours;
  std::vector<std::string_view> outcomes, reasons, categories;
  for (const auto& [key, quantity] : sums) {
    projects.push_back(std::get<0>(key));
    hours.push_back(std::get<1>(key));
    keys.push_back(std::get<2>(key));
    outcomes.push_back(std::get<3>(key));
    reasons.push_back(std::get<4>(key));
    categories.push_back(std::get<5>(key));
    quantities.push_back(quantity);
  }
  Call call;
  call.sql =
      "insert into outcomes as o (project_id, hour, key_id, outcome, reason, category, quantity) "
      "select * from unnest($1::integer[], $2::timestamptz[], $3::integer[], $4::text[], $5::text[], $6::text[],"
      " $7::bigint[]) "
      "on conflict (project_id, hour, key_id, outcome, reason, category) "
      "do update set quantity = o.quantity + excluded.quantity";
  call.params.integers(projects).times(hours).integers(keys).texts(outcomes).texts(reasons).texts(categories);
  call.params.integers(quantities);
  return call;
}

Call add_quarantined(const nodes::ports::QuarantinedRecord& record) {
  Call call;
  call.sql =
      "insert into quarantine (project_id, key_id, event_id, received_at, node, reason, payload, is_event) "
      "values ($1, $2, $3::uuid, $4::timestamptz, $5, $6, $7, $8)";
  call.params.integer(record.project_id).integer(record.key_id).text(record.event_id.hex()).time(record.received);
  call.params.text(record.node).text(record.reason).text(record.payload).boolean(record.is_event);
  return call;
}

Call add_feedback(std::span<const nodes::Feedback> feedback) {
  std::vector<std::int64_t> projects;
  std::vector<std::string> ids, events;
  std::vector<UnixMicros> times;
  std::vector<std::string_view> names, emails, comments, urls;
  for (const auto& said : feedback) {
    projects.push_back(said.project_id);
    ids.push_back(said.id.hex());
    events.push_back(said.event_id == nodes::EventId{} ? std::string() : said.event_id.hex());
    times.push_back(said.received);
    names.emplace_back(said.name);
    emails.emplace_back(said.email);
    comments.emplace_back(said.comments);
    urls.emplace_back(said.url);
  }
  Call call;
  call.sql =
      "insert into feedback (project_id, id, event_id, issue_id, received_at, name, email, comments, url) "
      "select d.project_id, d.id, nullif(d.event_id, '')::uuid,"
      " (select e.issue_id from events e where e.project_id = d.project_id and d.event_id <> ''"
      "  and e.event_id = nullif(d.event_id, '')::uuid limit 1),"
      " d.received_at, d.name, d.email, d.comments, d.url "
      "from unnest($1::integer[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],"
      " $8::text[]) as d (project_id, id, event_id, received_at, name, email, comments, url) "
      "on conflict do nothing";
  call.params.integers(projects).texts(ids).texts(events).times(times);
  call.params.texts(names).texts(emails).texts(comments).texts(urls);
  return call;
}

}  // namespace mesher::postgres
