#include "io/postgres/issue_moves.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/issue_locks.hpp"
#include "io/postgres/search_moves.hpp"

namespace mesher::postgres {
namespace {

constexpr std::size_t kBatch = 1000;

struct Move {
  std::uint32_t project_id = 0;
  std::int64_t id = 0, from = 0;
  std::string kind;
  std::optional<std::int64_t> to;
  std::string hash_keys;  ///< as an array's text; empty: all
  UnixMicros next_at = 0;
};

/// Rows of events that a batch is about.
struct Moved {
  std::map<std::string, std::vector<std::string>> ids_by_day;
  std::map<UnixMicros, std::int64_t> by_hour;
  std::vector<std::uint64_t> users;
  std::size_t count = 0;
  UnixMicros first_occurred = 0, last_occurred = 0, first_received = 0, last_received = 0;
  std::int64_t level = 0;  ///< of the latest

  void add(const Rows& rows, std::size_t i) {
    ids_by_day[std::string(rows.text(i, 1))].emplace_back(rows.text(i, 0));
    last_received = rows.time(i, 2);  // they come in this order
    if (count == 0) first_received = last_received;
    const auto occurred = rows.time(i, 3);
    if (count == 0 || occurred < first_occurred) first_occurred = occurred;
    if (count == 0 || occurred >= last_occurred) {
      last_occurred = occurred;
      level = rows.integer(i, 4);
    }
    ++by_hour[last_received - last_received % kHour];
    if (!rows.is_null(i, 5)) users.push_back(hash_of_user(rows.text(i, 5)));
    ++count;
  }
};

/// The oldest move of a project at which nobody is.
Result<std::optional<Move>> take_move(Connection& connection) {
  const auto rows = connection.query(
      "select m.project_id, m.id, m.kind, m.from_issue, m.to_issue, m.hash_keys::text, m.next_at from issue_moves m "
      "where not exists (select from issue_moves e where e.project_id = m.project_id and e.id < m.id) "
      "order by m.id limit 1 for update of m skip locked");
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Move>();
  Move move;
  move.project_id = static_cast<std::uint32_t>(rows->integer(0, 0));
  move.id = rows->integer(0, 1);
  move.kind = rows->text(0, 2);
  move.from = rows->integer(0, 3);
  if (!rows->is_null(0, 4)) move.to = rows->integer(0, 4);
  move.hash_keys = rows->text(0, 5);
  if (!rows->is_null(0, 6)) move.next_at = rows->time(0, 6);
  return std::optional<Move>(std::move(move));
}

/// In the order of reception, from where the batch before has ended: so entries of the index that lead to rows already
/// moved are not met again.
Result<Moved> find_rows(Connection& connection, const Move& move) {
  Params params;
  params.integer(move.project_id).integer(move.from).time(move.next_at).integer(kBatch).text_or_null(move.hash_keys);
  const auto rows = connection.query(
      "select event_id, day, received_at, occurred_at, level, user_key from events where project_id = $1::integer "
      "and issue_id = $2::bigint and received_at >= $3::timestamptz "
      "and ($5::integer[] is null or hash_key = any($5::integer[])) order by received_at limit $4::integer",
      params);
  if (!rows) return rows.error();
  Moved moved;
  for (std::size_t i = 0; i < rows->size(); ++i) moved.add(*rows, i);
  return moved;
}

Status run_all(Connection& connection, const std::vector<Call>& calls) {
  if (calls.empty()) return {};
  const auto done = connection.run(calls);
  return done ? Status() : Status(done.error());
}

Status move_rows(Connection& connection, const Move& move, const Moved& moved) {
  std::vector<Call> calls;
  for (const auto& [day, ids] : moved.ids_by_day) {
    auto& call = calls.emplace_back();
    call.params.integer(move.project_id).text(day).texts(ids);
    if (move.to) {
      call.sql =
          "update events set issue_id = $4::bigint where project_id = $1::integer and day = $2::date"
          " and event_id = any($3::uuid[])";
      call.params.integer(*move.to);
    } else {
      call.sql = "delete from events where project_id = $1::integer and day = $2::date and event_id = any($3::uuid[])";
    }
  }
  return run_all(connection, calls);
}

Status note_progress(Connection& connection, const Move& move, const Moved& moved, bool last) {
  Params params;
  params.integer(move.project_id).integer(move.id);
  if (!last) params.time(moved.last_received).integer(static_cast<std::int64_t>(moved.count));
  const auto noted =
      last ? connection.query("delete from issue_moves where project_id = $1::integer and id = $2::bigint", params)
           : connection.query(
                 "update issue_moves set next_at = $3::timestamptz, moved = moved + $4::bigint"
                 " where project_id = $1::integer and id = $2::bigint",
                 params);
  return noted ? Status() : Status(noted.error());
}

// ---- counters that follow the rows of a split

/// Where an issue is now; it may have been merged since.
Result<std::int64_t> issue_now(Connection& connection, std::uint32_t project_id, std::int64_t id) {
  const auto rows = connection.query(
      "select coalesce((select target_id from issue_redirects where project_id = $1::integer and issue_id = "
      "$2::bigint),"
      " $2::bigint)",
      Params().integer(project_id).integer(id));
  if (!rows) return rows.error();
  return rows->integer(0, 0);
}

void append_hours(std::uint32_t project_id, std::int64_t issue, const Moved& moved, int sign,
                  std::vector<Call>& calls) {
  std::vector<UnixMicros> hours;
  std::vector<std::int64_t> counts;
  for (const auto& [hour, count] : moved.by_hour) {
    hours.push_back(hour);
    counts.push_back(sign * count);
  }
  auto& add = calls.emplace_back();
  add.sql =
      "insert into issue_hours as h (project_id, issue_id, hour, events) "
      "select $1::integer, $2::bigint, d.hour, d.events from unnest($3::timestamptz[], $4::bigint[]) as d (hour, "
      "events)"
      " on conflict (project_id, issue_id, hour) do update set events = h.events + excluded.events";
  add.params.integer(project_id).integer(issue).times(hours).integers(counts);
  append_day_changes(project_id, issue, moved.by_hour, sign, calls);
  if (sign > 0) return;
  auto& clear = calls.emplace_back();
  clear.sql =
      "delete from issue_hours where project_id = $1::integer and issue_id = $2::bigint"
      " and hour = any($3::timestamptz[]) and events = 0";
  clear.params.integer(project_id).integer(issue).times(hours);
}

void append_loss(std::uint32_t project_id, std::int64_t issue, const Moved& moved, std::vector<Call>& calls) {
  auto& call = calls.emplace_back();
  call.sql =
      "update issues set event_count = event_count - $3::bigint, life = case when life ? 'event_count' then"
      " jsonb_set(life, '{event_count}', to_jsonb((life->>'event_count')::bigint - $3::bigint)) else life end "
      "where project_id = $1::integer and id = $2::bigint";
  call.params.integer(project_id).integer(issue).integer(static_cast<std::int64_t>(moved.count));
  append_hours(project_id, issue, moved, -1, calls);
}

Status append_gain(Connection& connection, std::uint32_t project_id, std::int64_t issue, const Moved& moved,
                   std::vector<Call>& calls) {
  auto users = read_users(connection, project_id, {issue});
  if (!users) return users.error();
  for (const auto user : moved.users) users->add(user);
  if (auto status = write_users(connection, project_id, issue, *users); !status) return status;
  auto& call = calls.emplace_back();
  call.sql =
      "update issues set event_count = event_count + $3::bigint, user_count = $4::integer,"
      " first_seen = case when event_count = 0 then $5::timestamptz else least(first_seen, $5::timestamptz) end,"
      " last_seen = case when event_count = 0 then $6::timestamptz else greatest(last_seen, $6::timestamptz) end,"
      " level = case when event_count = 0 or $6::timestamptz >= last_seen then $7::smallint else level end,"
      " first_received = case when event_count = 0 then $8::timestamptz else least(first_received, $8::timestamptz) "
      "end,"
      " last_received = case when event_count = 0 then $9::timestamptz else greatest(last_received, $9::timestamptz) "
      "end "
      "where project_id = $1::integer and id = $2::bigint";
  call.params.integer(project_id).integer(issue).integer(static_cast<std::int64_t>(moved.count));
  call.params.integer(static_cast<std::int64_t>(users->estimate())).time(moved.first_occurred);
  call.params.time(moved.last_occurred).integer(moved.level).time(moved.first_received).time(moved.last_received);
  append_hours(project_id, issue, moved, 1, calls);
  return {};
}

/// What users said about the events.
void append_feedback(std::uint32_t project_id, std::int64_t from, std::int64_t to, const Moved& moved,
                     std::vector<Call>& calls) {
  std::vector<std::string> ids;
  for (const auto& [day, of_day] : moved.ids_by_day) ids.insert(ids.end(), of_day.begin(), of_day.end());
  auto& call = calls.emplace_back();
  call.sql =
      "update feedback set issue_id = $3::bigint where project_id = $1::integer and issue_id = $2::bigint"
      " and event_id = any($4::uuid[])";
  call.params.integer(project_id).integer(from).integer(to).texts(ids);
}

/// Nobody merges, splits or deletes until the end of the transaction. A project that is gone has nobody who would.
Status hold_project(Connection& connection, std::uint32_t project_id) {
  const auto status = lock_project(connection, project_id);
  return !status && status.error().code == ErrorCode::not_found ? Status() : status;
}

/// The counters of both issues, under their locks. One that was deleted meanwhile has none any more. The project's lock
/// keeps either from being merged between finding and locking it.
Status move_counters(Connection& connection, const Move& move, const Moved& moved) {
  if (auto status = hold_project(connection, move.project_id); !status) return status;
  const auto from = issue_now(connection, move.project_id, move.from);
  if (!from) return from.error();
  const auto to = issue_now(connection, move.project_id, *move.to);
  if (!to) return to.error();
  if (*from == *to) return {};  // split and merged again
  const auto locked = lock_issues(connection, move.project_id, {*from, *to});
  if (!locked) return locked.error();
  std::vector<Call> calls;
  for (const auto& issue : *locked) {
    if (issue.id == *from) {
      append_loss(move.project_id, issue.id, moved, calls);
    } else if (auto status = append_gain(connection, move.project_id, issue.id, moved, calls); !status) {
      return status;
    }
  }
  append_feedback(move.project_id, *from, *to, moved, calls);
  return run_all(connection, calls);
}

// ---- what can't be taken away: users and times of the issue that a split has left behind

struct Recount {
  HyperLogLog users;
  std::int64_t events = 0;
  std::optional<UnixMicros> first, last, first_received, last_received;

  Status read(Connection& connection, std::uint32_t project_id, const std::vector<std::int64_t>& issues) {
    Params params;
    params.integer(project_id).integers(issues);
    const auto rows = connection.query(
        "select user_key, min(occurred_at), max(occurred_at), min(received_at), max(received_at), count(*) from events "
        "where project_id = $1::integer and issue_id = any($2::bigint[]) group by user_key",
        params);
    if (!rows) return rows.error();
    for (std::size_t i = 0; i < rows->size(); ++i) {
      if (!rows->is_null(i, 0)) users.add(hash_of_user(rows->text(i, 0)));
      events += rows->integer(i, 5);
      first = std::min(first.value_or(rows->time(i, 1)), rows->time(i, 1));
      last = std::max(last.value_or(rows->time(i, 2)), rows->time(i, 2));
      first_received = std::min(first_received.value_or(rows->time(i, 3)), rows->time(i, 3));
      last_received = std::max(last_received.value_or(rows->time(i, 4)), rows->time(i, 4));
    }
    return {};
  }
};

/// The issue as it is now, and those that were merged into it, of which rows may have yet to follow.
Result<std::vector<std::int64_t>> family_of(Connection& connection, std::uint32_t project_id, std::int64_t id) {
  const auto now = issue_now(connection, project_id, id);
  if (!now) return now.error();
  const auto rows = connection.query(
      "select issue_id from issue_redirects where project_id = $1::integer and target_id = $2::bigint order by 1",
      Params().integer(project_id).integer(*now));
  if (!rows) return rows.error();
  std::vector<std::int64_t> family{*now};
  for (std::size_t i = 0; i < rows->size(); ++i) family.push_back(rows->integer(i, 0));
  return family;
}

/// Counts all of its events without a lock, and if any came in between, or another issue, once more with it: what is
/// in the cache by then is counted fast. The new epoch makes the writers forget the users that they know.
Status recount(Connection& connection, const Move& move) {
  const auto family = family_of(connection, move.project_id, move.from);
  if (!family) return family.error();
  const auto before =
      connection.query("select event_count from issues where project_id = $1::integer and id = $2::bigint",
                       Params().integer(move.project_id).integer(family->front()));
  if (!before) return before.error();
  Recount counted;
  if (auto status = counted.read(connection, move.project_id, *family); !status) return status;
  if (auto status = hold_project(connection, move.project_id); !status) return status;
  const auto now = family_of(connection, move.project_id, move.from);
  if (!now) return now.error();
  const auto issue = now->front();
  const auto locked = lock_issues(connection, move.project_id, {issue});
  if (!locked) return locked.error();
  const bool same =
      *now == *family && !before->empty() && !locked->empty() && before->integer(0, 0) == locked->front().event_count;
  if (!same) {
    counted = {};
    if (auto status = counted.read(connection, move.project_id, *now); !status) return status;
  }
  if (locked->empty() || !counted.first) return {};  // deleted meanwhile, or all of its events are older than retention
  // Events that are gone, by retention or an event budget, can't be counted again: what they have said stays.
  const bool some_are_gone = counted.events < locked->front().event_count;
  if (some_are_gone) {
    const auto known = read_users(connection, move.project_id, {issue});
    if (!known) return known.error();
    counted.users.merge(*known);
  }
  if (auto status = write_users(connection, move.project_id, issue, counted.users); !status) return status;
  Params params;
  params.integer(move.project_id).integer(issue).integer(static_cast<std::int64_t>(counted.users.estimate()));
  params.time(*counted.first).time(*counted.last).time(*counted.first_received).time(*counted.last_received);
  params.boolean(some_are_gone);
  const auto written = connection.query(
      "update issues set user_count = $3::integer, last_seen = $5::timestamptz, last_received = $7::timestamptz,"
      " first_seen = case when $8 then least(first_seen, $4::timestamptz) else $4::timestamptz end,"
      " first_received = case when $8 then least(first_received, $6::timestamptz) else $6::timestamptz end,"
      " epoch = epoch + 1 where project_id = $1::integer and id = $2::bigint",
      params);
  return written ? Status() : Status(written.error());
}

}  // namespace

Result<bool> move_some(Connection& connection) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  const auto move = take_move(connection);
  if (!move) return move.error();
  if (!*move) return false;
  const auto moved = find_rows(connection, **move);
  if (!moved) return moved.error();
  // The rows first: the locks that writers wait for are held for the counters alone.
  if (auto status = move_rows(connection, **move, *moved); !status) return status.error();
  const bool split = (*move)->kind == "split";
  const bool last = split ? moved->count == 0 : moved->count < kBatch;
  Status followed;
  if (split) followed = last ? recount(connection, **move) : move_counters(connection, **move, *moved);
  if (followed && split && last) {
    std::vector<Call> calls;
    append_search_split((*move)->project_id, (*move)->from, *(*move)->to, calls);
    followed = run_all(connection, calls);
  }
  if (!followed) return followed.error();
  if (auto status = note_progress(connection, **move, *moved, last); !status) return status.error();
  if (auto status = transaction->commit(); !status) return status.error();
  return true;
}

}  // namespace mesher::postgres
