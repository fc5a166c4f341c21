#include "io/postgres/missed_events.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/read_event_rows.hpp"

namespace mesher::postgres {

Result<std::vector<EventRow>> events_by_id(Pool& pool, std::uint32_t project_id,
                                           const std::vector<nodes::EventId>& ids) {
  static const std::string kSql = fmt::format(
      "select {} from unnest($2::uuid[]) with ordinality as wanted (id, place) join events e"
      " on e.project_id = $1::integer and e.event_id = wanted.id order by wanted.place",
      event_columns());
  std::vector<std::string> texts;
  texts.reserve(ids.size());
  for (const auto& id : ids) texts.push_back(id.hex());
  auto rows = pool.query(kSql, Params().integer(project_id).texts(texts));
  if (!rows) return std::move(rows).error();
  std::vector<EventRow> list;
  for (std::size_t i = 0; i < rows->size(); ++i) list.push_back(event_of(*rows, i));
  return list;
}

Result<std::vector<EventRow>> events_behind(Pool& pool, std::uint32_t project_id, const EventPosition& after,
                                            std::size_t limit) {
  static const std::string kSql = fmt::format(
      "select {} from events e where e.project_id = $1::integer and e.day >= $2::date"
      " and e.received_at >= $3::timestamptz and (e.received_at, e.event_id) > ($3::timestamptz, $4::uuid)"
      " order by e.received_at desc, e.event_id desc limit $5::integer",
      event_columns());
  auto rows = pool.query(kSql, Params()
                                   .integer(project_id)
                                   .text(date_text(after.received_at / kDay))
                                   .time(after.received_at)
                                   .text(after.id.hex())
                                   .integer(static_cast<std::int64_t>(limit)));
  if (!rows) return std::move(rows).error();
  std::vector<EventRow> list;
  for (std::size_t i = rows->size(); i > 0; --i) list.push_back(event_of(*rows, i - 1));
  return list;
}

}  // namespace mesher::postgres
