#include "io/postgres/read_feedback.hpp"

#include <fmt/format.h>

#include <utility>

#include "io/postgres/pool.hpp"

namespace mesher::postgres {
namespace {

/// Those whose event was stored later than they, with its issue.
constexpr std::string_view kLate =
    "select f.id, f.event_id, e.issue_id, f.received_at, f.name, f.email, f.comments, f.url from "
    "(select * from feedback where project_id = $1::integer and issue_id is null and event_id is not null"
    " order by received_at desc limit {}) f "
    "cross join lateral (select issue_id from events e where e.project_id = $1::integer and e.event_id = f.event_id"
    " limit 1) e";

std::string statement(const FeedbackListing& listing, Params& params) {
  constexpr std::string_view kColumns = "id, event_id, issue_id, received_at, name, email, comments, url";
  std::string sql;
  std::string late = fmt::format(fmt::runtime(kLate), kUnresolved);
  std::string place;
  if (listing.issue_id) place = fmt::format("${}::bigint", params.integer(*listing.issue_id).size());
  std::string after;
  if (listing.after) {
    const int received = params.time(listing.after->first).size();
    const int id = params.text(listing.after->second.hex()).size();
    after = fmt::format(" and (f.received_at, f.id) < (${}::timestamptz, ${}::uuid)", received, id);
  }
  const auto limit = fmt::format("${}::integer", params.integer(listing.limit).size());
  if (!listing.issue_id) {
    return fmt::format(
        "with late as ({0}) select f.id, f.event_id, coalesce(f.issue_id, late.issue_id), f.received_at, f.name, "
        "f.email,"
        " f.comments, f.url from (select * from feedback f where f.project_id = $1::integer{1}"
        " order by f.received_at desc, f.id desc limit {2}) f left join late on late.id = f.id "
        "order by f.received_at desc, f.id desc",
        late, after, limit);
  }
  return fmt::format(
      "with late as ({0}) select {1} from ("
      "(select {1} from feedback f where f.project_id = $1::integer and f.issue_id = {2}{3}"
      " order by f.received_at desc, f.id desc limit {4}) union all "
      "(select {1} from late f where f.issue_id = {2}{3})) f order by received_at desc, id desc limit {4}",
      late, kColumns, place, after, limit);
}

}  // namespace

Result<std::vector<FeedbackRow>> list_feedback(Pool& pool, const FeedbackListing& listing) {
  Params params;
  params.integer(listing.project_id);
  const auto sql = statement(listing, params);
  auto rows = pool.query(sql, params);
  if (!rows) return std::move(rows).error();
  std::vector<FeedbackRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto& row = list.emplace_back();
    row.id = nodes::EventId::parse(rows->text(i, 0)).value_or(nodes::EventId{});
    row.event_id = nodes::EventId::parse(rows->text(i, 1));
    row.issue_id = rows->integer(i, 2);
    row.received_at = rows->time(i, 3);
    row.name = rows->text(i, 4);
    row.email = rows->text(i, 5);
    row.comments = rows->text(i, 6);
    row.url = rows->text(i, 7);
  }
  return list;
}

}  // namespace mesher::postgres
