#include "io/postgres/read_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/payload_block.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/read_event_rows.hpp"
#include "io/postgres/tag_text.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kColumns =
    "e.project_id, e.event_id, e.issue_id, e.received_at, e.occurred_at, e.level, e.message, e.environment, e.release,"
    " e.user_key, e.tags, e.day, e.block_id, e.block_index";

constexpr std::string_view kSelectBlock =
    "select data from event_blocks where project_id = $1::integer and day = $2::date and block_id = $3::bigint";

EventRow event_at(const Rows& rows, std::size_t row) {
  EventRow event;
  event.project_id = static_cast<std::uint32_t>(rows.integer(row, 0));
  event.id = nodes::EventId::parse(rows.text(row, 1)).value_or(nodes::EventId{});
  event.issue_id = rows.integer(row, 2);
  event.received_at = rows.time(row, 3);
  event.occurred_at = rows.time(row, 4);
  event.level = static_cast<nodes::Level>(rows.integer(row, 5));
  event.message = rows.text(row, 6);
  event.environment = rows.text(row, 7);
  event.release = rows.text(row, 8);
  event.user_key = rows.text(row, 9);
  event.tags = read_tag_text(rows.text(row, 10));
  event.day = rows.text(row, 11);
  event.block_id = rows.integer(row, 12);
  event.block_index = static_cast<std::int32_t>(rows.integer(row, 13));
  return event;
}

/// The neighbour in one direction; the event's own day first, which is where it nearly always is.
Result<std::optional<nodes::EventId>> neighbour(Pool& pool, const EventRow& event, bool next) {
  const char* days[] = {"=", next ? ">" : "<"};
  for (const char* day : days) {
    const std::string sql = fmt::format(
        "select event_id from events where project_id = $1::integer and issue_id = $2::bigint and day {0} $3::date"
        " and received_at {1}= $4::timestamptz and (received_at, event_id) {1} ($4::timestamptz, $5::uuid)"
        " order by received_at {2}, event_id {2} limit 1",
        day, next ? ">" : "<", next ? "asc" : "desc");
    Params params;
    params.integer(event.project_id)
        .integer(event.issue_id)
        .text(event.day)
        .time(event.received_at)
        .text(event.id.hex());
    auto rows = pool.query(sql, params);
    if (!rows) return std::move(rows).error();
    if (!rows->empty()) return nodes::EventId::parse(rows->text(0, 0));
  }
  return std::optional<nodes::EventId>();
}

}  // namespace

EventRow event_of(const Rows& rows, std::size_t row) {
  return event_at(rows, row);
}

std::string_view event_columns() {
  return kColumns;
}

Result<std::optional<EventRow>> find_event(Pool& pool, const nodes::EventId& id,
                                           const std::vector<std::uint32_t>& project_ids) {
  static const std::string kSql = fmt::format(
      "select {} from events e where e.event_id = $1::uuid and e.project_id = any($2::integer[])"
      " order by e.received_at desc limit 1",
      kColumns);
  Params params;
  params.text(id.hex()).integers(std::vector<std::int64_t>(project_ids.begin(), project_ids.end()));
  auto rows = pool.query(kSql, params);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<EventRow>();
  return std::optional<EventRow>(event_at(*rows, 0));
}

Result<Neighbours> neighbours(Pool& pool, const EventRow& event) {
  auto previous = neighbour(pool, event, false);
  if (!previous) return std::move(previous).error();
  auto next = neighbour(pool, event, true);
  if (!next) return std::move(next).error();
  return Neighbours{*previous, *next};
}

Result<std::vector<EventRow>> latest_events(Pool& pool, std::uint32_t project_id,
                                            const std::vector<std::int64_t>& issue_ids, UnixMicros from, UnixMicros to,
                                            std::uint32_t each) {
  static const std::string kSql = fmt::format(
      "select e.* from unnest($2::bigint[]) with ordinality as i (id, place) cross join lateral ("
      "select {} from events e where e.project_id = $1::integer and e.issue_id = i.id"
      " and e.day >= $3::date and e.day <= $4::date"
      " and e.received_at >= $5::timestamptz and e.received_at < $6::timestamptz"
      " order by e.received_at desc limit $7::integer) e order by i.place, e.received_at desc",
      kColumns);
  Params params;
  params.integer(project_id)
      .integers(issue_ids)
      .text(date_text(from / kDay))
      .text(date_text(to / kDay))
      .time(from)
      .time(to)
      .integer(each);
  auto rows = pool.query(kSql, params);
  if (!rows) return std::move(rows).error();
  std::vector<EventRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(event_at(*rows, i));
  return list;
}

Result<std::vector<std::string>> payloads_of(Pool& pool, const std::vector<EventRow>& events) {
  std::map<std::pair<std::string, std::int64_t>, std::vector<std::size_t>> wanted;
  for (std::size_t i = 0; i < events.size(); ++i) wanted[{events[i].day, events[i].block_id}].push_back(i);
  std::vector<std::string> payloads(events.size());
  for (const auto& [place, indices] : wanted) {
    Params params;
    params.integer(events[indices.front()].project_id).text(place.first).integer(place.second);
    auto rows = pool.query(kSelectBlock, params);
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return Error{ErrorCode::corrupt, fmt::format("payload block {} is missing", place.second), ""};
    const auto block = rows->bytes(0, 0);
    for (const auto i : indices) {
      auto payload = read_payload(block, static_cast<std::uint32_t>(events[i].block_index));
      if (!payload) return std::move(payload).error();
      payloads[i] = *std::move(payload);
    }
  }
  return payloads;
}

Result<std::string> payload_of(Pool& pool, const EventRow& event) {
  Params params;
  params.integer(event.project_id).text(event.day).integer(event.block_id);
  auto rows = pool.query(kSelectBlock, params);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return Error{ErrorCode::corrupt, fmt::format("payload block {} is missing", event.block_id), ""};
  return read_payload(rows->bytes(0, 0), static_cast<std::uint32_t>(event.block_index));
}

}  // namespace mesher::postgres
