#include "io/postgres/read_tags.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/needle_sql.hpp"
#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

/// Each day a place of its own in the index: a range of days would read all keys in between.
std::vector<std::string> days_of(const TagListing& listing) {
  std::vector<std::string> days;
  for (auto day = listing.from / kDay; day <= (listing.to - 1) / kDay; ++day) days.push_back(date_text(day));
  return days;
}

std::string prefix_pattern(const std::string& prefix) {
  return like(query::Text{{prefix, ""}});
}

/// `having` and `order by` of a list that is ordered by events and `name`.
std::string page(const TagListing& listing, std::string_view name, Params& params) {
  std::string sql;
  if (listing.after) {
    const int events = params.integer(listing.after->events).size();
    const int after = params.text(listing.after->name).size();
    sql = fmt::format(" having sum(t.events) < ${0}::bigint or (sum(t.events) = ${0}::bigint and {2} > ${1})", events,
                      after, name);
  }
  return sql + fmt::format(" order by 2 desc, 1 limit ${}::integer", params.integer(listing.limit).size());
}

Result<std::vector<TagValue>> values_of(Result<Rows> rows) {
  if (!rows) return std::move(rows).error();
  std::vector<TagValue> values;
  for (std::size_t i = 0; i < rows->size(); ++i) values.push_back({std::string(rows->text(i, 0)), rows->integer(i, 1)});
  return values;
}

}  // namespace

Result<std::vector<TagKey>> list_tag_keys(Pool& pool, const TagListing& listing) {
  Params params;
  params.integer(listing.project_id).texts(days_of(listing)).text(prefix_pattern(listing.prefix));
  auto rows = pool.query(
      "select t.key, sum(t.events)::bigint, max(t.named) from tag_key_days t where t.project_id = $1::integer"
      " and t.day = any ($2::date[]) and t.key <> '' and t.key ilike $3 group by t.key" +
          page(listing, "t.key", params),
      params);
  if (!rows) return std::move(rows).error();
  std::vector<TagKey> keys;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    keys.push_back({std::string(rows->text(i, 0)), rows->integer(i, 1), rows->integer(i, 2)});
  }
  return keys;
}

Result<std::vector<TagValue>> list_tag_values(Pool& pool, const TagListing& listing, const std::string& key) {
  Params params;
  params.integer(listing.project_id).texts(days_of(listing)).text(prefix_pattern(listing.prefix)).text(key);
  return values_of(
      pool.query("select t.value, sum(t.events)::bigint from tag_days t where t.project_id = $1::integer"
                 " and t.day = any ($2::date[]) and t.key = $4 and t.value ilike $3 group by t.value" +
                     page(listing, "t.value", params),
                 params));
}

Result<std::vector<TagValue>> list_values_by_hour(Pool& pool, const TagListing& listing, const std::string& key) {
  Params params;
  params.integer(listing.project_id).time(listing.from).time(listing.to).text(key);
  return values_of(pool.query(
      "select t.value, sum(t.events)::bigint from tag_hours t where t.project_id = $1::integer and t.key = $4"
      " and t.hour >= $2::timestamptz and t.hour < $3::timestamptz group by t.value" +
          page(listing, "t.value", params),
      params));
}

Result<IssueTags> issue_tags(Pool& pool, const IssueRow& issue) {
  // The hours say how far back the latest events reach, and so which partitions there are to look into.
  Params hours;
  hours.integer(issue.project_id).integer(issue.id).integer(kIssueTagEvents);
  auto since = pool.query(
      "select min(h.hour) from (select hour, sum(events) over (order by hour desc) - events as later from issue_hours"
      " where project_id = $1::integer and issue_id = $2::bigint) h where h.later < $3::integer",
      hours);
  if (!since) return std::move(since).error();
  IssueTags tags;
  if (since->empty() || since->is_null(0, 0)) return tags;
  Params params;
  params.integer(issue.project_id).integer(issue.id).time(since->time(0, 0)).integer(kIssueTagEvents);
  params.integer(kIssueTagValues).text(date_text(since->time(0, 0) / kDay));
  auto rows = pool.query_once(
      "with latest as materialized (select e.tags, e.environment, e.release from events e"
      " where e.project_id = $1::integer and e.issue_id = $2::bigint and e.day >= $6::date"
      " and e.received_at >= $3::timestamptz order by e.received_at desc limit $4::integer),"
      " pairs as (select t.key, t.value from latest, tag_pairs(tags) t"
      " union all select 'environment', environment from latest where environment is not null"
      " union all select 'release', release from latest where release is not null),"
      " counted as (select key, value, count(*) as events from pairs group by key, value),"
      " ranked as (select *, sum(events) over (partition by key) as of_key,"
      " row_number() over (partition by key order by events desc, value) as place from counted)"
      " select (select count(*) from latest), key, of_key::bigint, value, events from ranked where place <= $5::integer"
      " order by of_key desc, key, place",
      params);
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    tags.events = rows->integer(i, 0);
    tags.values.push_back(
        {std::string(rows->text(i, 1)), rows->integer(i, 2), std::string(rows->text(i, 3)), rows->integer(i, 4)});
  }
  return tags;
}

}  // namespace mesher::postgres
