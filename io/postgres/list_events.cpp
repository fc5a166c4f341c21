#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/query_sql.hpp"
#include "io/postgres/read_event_rows.hpp"
#include "io/postgres/read_events.hpp"

/// The list of events. Two ways lead to them: along the index of time, looking at every event, which is fast if many
/// satisfy the query; and by the index of the blocks' words, latest blocks first, which is fast if few hold what is
/// looked for.
namespace mesher::postgres {
namespace {

// With more blocks than that, the way along the time soon has a page.
constexpr std::size_t kFewBlocks = 1000;
// So many issues' events are looked up issue by issue, if that seems better to PostgreSQL than along the time.
constexpr std::size_t kFewIssues = 50;
// Blocks that are looked into at first; each further time four times as many.
constexpr std::size_t kFirstBlocks = 4;

struct Block {
  UnixMicros last_received;
  std::int64_t id;
  std::string day;
};

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
  if (listing.issue_ids.size() == 1) {
    sql += fmt::format(" and e.issue_id = ${}::bigint", params.integer(listing.issue_ids.front()).size());
  } else if (!listing.issue_ids.empty()) {
    sql += fmt::format(" and e.issue_id = any (${}::bigint[])", params.integers(listing.issue_ids).size());
  }
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

bool comes_before(const EventRow& a, const EventRow& b) {
  return std::tie(a.received_at, a.id) > std::tie(b.received_at, b.id);
}

/// `blocks`: latest first. Goes on until the page is full of events that are later than all that follows.
Result<std::vector<EventRow>> by_blocks(Pool& pool, const EventListing& listing, const std::vector<Block>& blocks) {
  std::vector<EventRow> list;
  std::size_t many = kFirstBlocks;
  for (std::size_t at = 0; at < blocks.size(); many *= 4) {
    const bool full = list.size() >= listing.limit;
    if (full && list[listing.limit - 1].received_at > blocks[at].last_received) break;
    const std::size_t end = std::min(blocks.size(), at + many);
    std::vector<std::int64_t> ids;
    std::set<std::string> days;
    for (; at < end; ++at) {
      ids.push_back(blocks[at].id);
      days.insert(blocks[at].day);
    }
    Params params;
    auto where = conditions(listing, params);
    where += fmt::format(" and e.day = any (${}::date[])",
                         params.texts(std::vector<std::string>(days.begin(), days.end())).size());
    where += fmt::format(" and e.block_id = any (${}::bigint[])", params.integers(ids).size());
    if (auto status = ask(pool, where, std::move(params), listing.limit, list); !status) return status.error();
    std::sort(list.begin(), list.end(), comes_before);
  }
  if (list.size() > listing.limit) list.resize(listing.limit);
  return list;
}

/// The issues whose events can satisfy the query; nothing if they are many.
Result<std::optional<std::vector<std::int64_t>>> few_issues(Pool& pool, const EventListing& listing,
                                                            const query::Node& part) {
  Params params;
  params.integer(listing.project_id).integer(kFewIssues + 1);
  const QueryContext context{listing.user_id, listing.now, 1};
  const auto condition = issue_condition(part, context, params);
  auto rows = pool.query_once(
      fmt::format("select i.id from issues i where i.project_id = $1::integer and i.event_count > 0 and {}"
                  " limit $2::integer",
                  condition),
      params);
  if (!rows) return std::move(rows).error();
  if (rows->size() > kFewIssues) return std::optional<std::vector<std::int64_t>>();
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < rows->size(); ++i) ids.push_back(rows->integer(i, 0));
  return std::optional<std::vector<std::int64_t>>(std::move(ids));
}

/// Where to look for what the query's words and marks ask for; nothing if that is in many blocks.
Result<std::optional<std::vector<Block>>> few_blocks(Pool& pool, const EventListing& listing,
                                                     const std::string& words) {
  const UnixMicros end = end_of(listing);
  Params params;
  params.integer(listing.project_id).text(day_of(listing.from)).text(day_of(end)).text(words);
  params.integer(kFewBlocks + 1).time(listing.from).time(end);
  auto rows = pool.query_once(
      "select b.day, b.block_id, b.last_received from event_blocks b where b.project_id = $1::integer"
      " and b.day >= $2::date and b.day <= $3::date and b.words @@ $4::tsquery"
      " and b.last_received >= $6::timestamptz and b.first_received < $7::timestamptz limit $5::integer",
      params);
  if (!rows) return std::move(rows).error();
  if (rows->size() > kFewBlocks) return std::optional<std::vector<Block>>();
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    // "infinity", of blocks that do not tell, reads as 0.
    const auto last = rows->time(i, 2);
    blocks.push_back({last == 0 ? std::numeric_limits<UnixMicros>::max() : last, rows->integer(i, 1),
                      std::string(rows->text(i, 0))});
  }
  std::sort(blocks.begin(), blocks.end(),
            [](const Block& a, const Block& b) { return a.last_received > b.last_received; });
  return std::optional<std::vector<Block>>(std::move(blocks));
}

}  // namespace

Result<std::vector<EventRow>> list_events(Pool& pool, const EventListing& listing) {
  if (listing.issue_ids.empty()) {
    if (const auto part = issue_part(listing.query); !part.empty()) {
      auto issues = few_issues(pool, listing, part);
      if (!issues) return issues.error();
      if (*issues && (*issues)->empty()) return std::vector<EventRow>();
      if (*issues) {
        auto of_these = listing;
        of_these.issue_ids = **std::move(issues);
        return along_the_time(pool, of_these);
      }
    }
  }
  const auto words = block_condition(listing.query);
  if (words.empty() || !listing.issue_ids.empty()) return along_the_time(pool, listing);
  const auto blocks = few_blocks(pool, listing, words);
  if (!blocks) return blocks.error();
  if (!*blocks) return along_the_time(pool, listing);
  return by_blocks(pool, listing, **blocks);
}

}  // namespace mesher::postgres
