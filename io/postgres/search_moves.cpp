#include "io/postgres/search_moves.hpp"

#include <string>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/rows.hpp"

namespace mesher::postgres {

void append_search_merge(std::uint32_t project_id, const std::vector<std::int64_t>& from, std::int64_t target,
                         std::vector<Call>& calls) {
  const auto add = [&](std::string sql) {
    auto& call = calls.emplace_back();
    call.sql = std::move(sql);
    call.params.integer(project_id).integers(from).integer(target);
  };
  add("with gone as (delete from issue_days where project_id = $1::integer and issue_id = any ($2::bigint[])"
      " returning day, events) insert into issue_days as d (project_id, day, issue_id, events)"
      " select $1::integer, day, $3::bigint, sum(events) from gone group by day order by day"
      " on conflict (project_id, day, issue_id) do update set events = d.events + excluded.events");
  add("insert into issue_tags (project_id, issue_id, key, value) select distinct $1::integer, $3::bigint, key, value"
      " from issue_tags where project_id = $1::integer and issue_id = any ($2::bigint[]) order by key, value"
      " on conflict do nothing");
  add("update issues t set first_received = least(t.first_received, s.first), last_received ="
      " greatest(t.last_received, s.last) from (select min(first_received) as first, max(last_received) as last"
      "  from issues where project_id = $1::integer and id = any ($2::bigint[])) s"
      " where t.project_id = $1::integer and t.id = $3::bigint and s.first is not null");
  add("update issue_texts t set words = t.words || s.words from"
      " (select array_to_tsvector(array_agg(distinct w.lexeme)) as words from issue_texts x, unnest(x.words) w"
      "  where x.project_id = $1::integer and x.issue_id = any ($2::bigint[])) s"
      " where t.project_id = $1::integer and t.issue_id = $3::bigint and s.words is not null");
}

void append_day_changes(std::uint32_t project_id, std::int64_t issue, const std::map<UnixMicros, std::int64_t>& by_hour,
                        int sign, std::vector<Call>& calls) {
  std::map<std::int64_t, std::int64_t> sums;
  for (const auto& [hour, events] : by_hour) sums[hour / kDay] += sign * events;
  if (sums.empty()) return;
  std::vector<std::string> days;
  std::vector<std::int64_t> counts;
  for (const auto& [day, events] : sums) {
    days.push_back(date_text(day));
    counts.push_back(events);
  }
  auto& change = calls.emplace_back();
  change.sql =
      "insert into issue_days as d (project_id, day, issue_id, events) "
      "select $1::integer, c.day, $2::bigint, c.events from unnest($3::date[], $4::bigint[]) as c (day, events)"
      " on conflict (project_id, day, issue_id) do update set events = d.events + excluded.events";
  change.params.integer(project_id).integer(issue).texts(days).integers(counts);
  auto& clear = calls.emplace_back();
  clear.sql =
      "delete from issue_days where project_id = $1::integer and issue_id = $2::bigint and day = any ($3::date[])"
      " and events = 0";
  clear.params.integer(project_id).integer(issue).texts(days);
}

void append_search_split(std::uint32_t project_id, std::int64_t from, std::int64_t to, std::vector<Call>& calls) {
  auto& tags = calls.emplace_back();
  tags.sql =
      "insert into issue_tags (project_id, issue_id, key, value) select distinct $1::integer, $2::bigint, t.key,"
      " left(t.value, 200) from events e, lateral (select key, value from tag_pairs(e.tags)"
      " union all select 'environment', e.environment union all select 'release', e.release) t"
      " where e.project_id = $1::integer and e.issue_id = $2::bigint and t.value <> ''"
      " and exists (select from issues i where i.project_id = $1::integer and i.id = $2::bigint) on conflict do "
      "nothing";
  tags.params.integer(project_id).integer(to);
  // What its first event said nobody has kept apart; what the issue said that it comes from is near enough.
  auto& text = calls.emplace_back();
  text.sql =
      "insert into issue_texts (project_id, issue_id, error_type, message, functions, modules, files, words)"
      " select project_id, $3::bigint, error_type, message, functions, modules, files, words from issue_texts"
      " where project_id = $1::integer and issue_id = $2::bigint"
      " and exists (select from issues i where i.project_id = $1::integer and i.id = $3::bigint) on conflict do "
      "nothing";
  text.params.integer(project_id).integer(from).integer(to);
}

void append_search_delete(std::uint32_t project_id, std::int64_t issue, std::vector<Call>& calls) {
  auto& call = calls.emplace_back();
  call.sql = "delete from issue_days where project_id = $1::integer and issue_id = $2::bigint";
  call.params.integer(project_id).integer(issue);
}

}  // namespace mesher::postgres
