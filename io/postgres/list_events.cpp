#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/query_sql.hpp"
#include "io/postgres/read_event_rows.hpp"
#include "io/postgres/read_events.hpp"

/// The list of events. Two ways lead to them: along the index of time, looking at every event, which is fast if many
/// satisfy the query; and by the index of the blocks' words, which is fast if few blocks hold what is looked for.
namespace mesher::postgres {
namespace {

// With more blocks than that, one event in some thousand satisfies the query at the least, and the way along the time
// soon has a page.
constexpr std::size_t kFewBlocks = 1000;

using Blocks = std::map<std::string, std::vector<std::int64_t>, std::greater<>>;  // by day, latest first

UnixMicros end_of(const EventListing& listing) {
  return listing.after ? std::min(listing.to, listing.after->received_at + 1) : listing.to;
}

std::string day_of(UnixMicros time) {
  return date_text(time / kDay);
}

/// All that both ways have in common: $1 is the project, and so on up to the last of the conditions.
std::string conditions(const EventListing& listing, Params& params) {
  std::string sql = fmt::format("e.project_id = ${}::integer", params.integer(listing.project_id).size());
  sql += fmt::format(" and e.received_at >= ${}::timestamptz", params.time(listing.from).size());
  sql += fmt::format(" and e.received_at < ${}::timestamptz", params.time(end_of(listing)).size());
  if (listing.issue_id) sql += fmt::format(" and e.issue_id = ${}::bigint", params.integer(*listing.issue_id).size());
  if (listing.after) {
    const int received = params.time(listing.after->received_at).size();
    const int id = params.text(listing.after->id.hex()).size();
    sql += fmt::format(" and (e.received_at, e.event_id) < (${}::timestamptz, ${}::uuid)", received, id);
  }
  const QueryContext context{listing.user_id, listing.now, 1};
  if (!listing.query.empty()) sql += " and " + event_condition(listing.query, context, params);
  return sql;
}

Status ask(Pool& pool, const std::string& where, Params params, std::uint32_t limit, std::vector<EventRow>& list) {
  const auto sql =
      fmt::format("select {} from events e where {} order by e.received_at desc, e.event_id desc limit ${}::integer",
                  event_columns(), where, params.integer(limit).size());
  auto rows = pool.query_once(sql, params);
  if (!rows) return std::move(rows).error();
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(event_of(*rows, i));
  return {};
}

Result<std::vector<EventRow>> along_the_time(Pool& pool, const EventListing& listing) {
  Params params;
  auto where = conditions(listing, params);
  // The days say which partitions there are to look into.
  const int first = params.text(day_of(listing.from)).size();
  const int last = params.text(day_of(end_of(listing))).size();
  where += fmt::format(" and e.day >= ${}::date and e.day <= ${}::date", first, last);
  std::vector<EventRow> list;
  if (auto status = ask(pool, where, std::move(params), listing.limit, list); !status) return status.error();
  return list;
}

/// Days are disjoint in time: the latest come first, until the page is full.
Result<std::vector<EventRow>> by_blocks(Pool& pool, const EventListing& listing, const Blocks& blocks) {
  std::vector<EventRow> list;
  for (const auto& [day, ids] : blocks) {
    if (list.size() >= listing.limit) break;
    Params params;
    auto where = conditions(listing, params);
    where += fmt::format(" and e.day = ${}::date", params.text(day).size());
    where += fmt::format(" and e.block_id = any (${}::bigint[])", params.integers(ids).size());
    const auto missing = listing.limit - static_cast<std::uint32_t>(list.size());
    if (auto status = ask(pool, where, std::move(params), missing, list); !status) return status.error();
  }
  return list;
}

/// Where to look for what the query's words and marks ask for; nothing if that is in many blocks.
Result<std::optional<Blocks>> few_blocks(Pool& pool, const EventListing& listing, const std::string& words) {
  Params params;
  params.integer(listing.project_id).text(day_of(listing.from)).text(day_of(end_of(listing))).text(words);
  params.integer(kFewBlocks + 1);
  auto rows = pool.query_once(
      "select b.day, b.block_id from event_blocks b where b.project_id = $1::integer and b.day >= $2::date"
      " and b.day <= $3::date and b.words @@ $4::tsquery limit $5::integer",
      params);
  if (!rows) return std::move(rows).error();
  if (rows->size() > kFewBlocks) return std::optional<Blocks>();
  Blocks blocks;
  for (std::size_t i = 0; i < rows->size(); ++i) blocks[std::string(rows->text(i, 0))].push_back(rows->integer(i, 1));
  return std::optional<Blocks>(std::move(blocks));
}

}  // namespace

Result<std::vector<EventRow>> list_events(Pool& pool, const EventListing& listing) {
  const auto words = block_condition(listing.query);
  if (words.empty() || listing.issue_id) return along_the_time(pool, listing);
  const auto blocks = few_blocks(pool, listing, words);
  if (!blocks) return blocks.error();
  if (!*blocks) return along_the_time(pool, listing);
  return by_blocks(pool, listing, **blocks);
}

}  // namespace mesher::postgres
