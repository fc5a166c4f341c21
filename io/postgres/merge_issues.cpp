#include "io/postgres/merge_issues.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "io/postgres/event_rows.hpp"
#include "io/postgres/issue_locks.hpp"
#include "io/postgres/issue_moves.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/search_moves.hpp"

namespace mesher::postgres {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kMoveAtOnce{
    2000};  // so that small issues are whole when the caller gets its answer
constexpr std::chrono::milliseconds kOthersAreAtIt{5};  // the background or another request moves rows just now

std::string_view raw(const nodes::Fingerprint& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

Call call(std::string sql, Params params) {
  return {std::move(sql), std::move(params)};
}

Status run_all(Connection& connection, const std::vector<Call>& calls) {
  const auto done = connection.run(calls);
  return done ? Status() : Status(done.error());
}

/// The transaction, and after it the first batches of the rows that have to follow.
template <class Work>
Status with_moves(Pool& pool, std::uint32_t project_id, Work work) {
  auto lease = pool.acquire();
  if (!lease) return lease.error();
  auto& connection = **lease;
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  if (auto status = work(connection); !status) return status;
  if (auto status = transaction->commit(); !status) return status;
  const auto until = std::chrono::steady_clock::now() + kMoveAtOnce;
  while (std::chrono::steady_clock::now() < until) {
    const auto more = move_some(connection);
    if (!more) break;  // the background goes on, whatever it was
    if (*more) continue;
    const auto left = connection.query("select from issue_moves where project_id = $1::integer limit 1",
                                       Params().integer(project_id));
    if (!left || left->empty()) break;
    std::this_thread::sleep_for(kOthersAreAtIt);
  }
  return {};
}

Call queue_move(std::uint32_t project_id, std::string_view kind, std::int64_t from, std::optional<std::int64_t> to,
                const std::vector<std::int64_t>& hash_keys = {}) {
  Params params;
  params.integer(project_id).text(kind).integer(from);
  to ? params.integer(*to) : params.null();
  hash_keys.empty() ? params.null() : params.integers(hash_keys);
  return call(
      "insert into issue_moves (project_id, kind, from_issue, to_issue, hash_keys) "
      "values ($1::integer, $2, $3::bigint, $4::bigint, $5::integer[])",
      std::move(params));
}

Call notify_moves() {
  return call(fmt::format("notify {}", kMovesChannel), {});
}

/// What the target has after the merge. Conditions that count events or users count from where they were.
Call update_target(std::uint32_t project_id, const LockedIssue& target, const std::vector<LockedIssue>& sources,
                   const HyperLogLog& users) {
  LockedIssue sum = target;
  const auto user_count = static_cast<std::int64_t>(users.estimate());
  for (const auto& source : sources) {
    if (source.event_count == 0) continue;
    const bool first = sum.event_count == 0;  // one without events, just split off, has borrowed its times
    if (first || source.last_seen >= sum.last_seen) sum.level = source.level;
    sum.first_seen = first ? source.first_seen : std::min(sum.first_seen, source.first_seen);
    sum.last_seen = first ? source.last_seen : std::max(sum.last_seen, source.last_seen);
    sum.first_received = first ? source.first_received : std::min(sum.first_received, source.first_received);
    sum.last_received = first ? source.last_received : std::max(sum.last_received, source.last_received);
    sum.event_count += source.event_count;
  }
  if (sum.life && sum.life->event_count) *sum.life->event_count += sum.event_count - target.event_count;
  if (sum.life && sum.life->user_count) *sum.life->user_count += user_count - target.user_count;
  Params params;
  params.integer(project_id).integer(target.id).integer(sum.event_count).integer(user_count);
  params.time(sum.first_seen).time(sum.last_seen).integer(sum.level);
  params.text_or_null(sum.life ? sum.life->to_json() : "").time(sum.first_received).time(sum.last_received);
  return call(
      "update issues set event_count = $3::bigint, user_count = $4::integer, first_seen = $5::timestamptz,"
      " last_seen = $6::timestamptz, level = $7::smallint, life = $8::jsonb, first_received = $9::timestamptz,"
      " last_received = $10::timestamptz, version = version + 1 "
      "where project_id = $1::integer and id = $2::bigint",
      std::move(params));
}

std::string merged_json(const std::vector<LockedIssue>& sources) {
  Json issues = Json::array();
  for (const auto& source : sources) {
    issues.push_back({{"id", source.id}, {"number", source.short_id}, {"title", source.title}});
  }
  return Json{{"issues", std::move(issues)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Status merge_locked(Connection& connection, const IssueRef& ref, const LockedIssue& target,
                    const std::vector<LockedIssue>& sources, std::uint32_t user_id) {
  std::vector<std::int64_t> from;
  from.reserve(sources.size());
  for (const auto& source : sources) from.push_back(source.id);
  auto all = from;
  all.push_back(target.id);
  const auto users = read_users(connection, ref.project_id, all);
  if (!users) return users.error();
  if (auto status = write_users(connection, ref.project_id, target.id, *users); !status) return status;
  const auto params = [&] {
    Params values;
    values.integer(ref.project_id).integers(from).integer(target.id);
    return values;
  };
  std::vector<Call> calls;
  calls.push_back(update_target(ref.project_id, target, sources, *users));
  calls.push_back(
      call("with gone as (delete from issue_hours where project_id = $1::integer and issue_id = any($2::bigint[])"
           " returning hour, events) insert into issue_hours as h (project_id, issue_id, hour, events)"
           " select $1::integer, $3::bigint, hour, sum(events) from gone group by hour order by hour"
           " on conflict (project_id, issue_id, hour) do update set events = h.events + excluded.events",
           params()));
  append_search_merge(ref.project_id, from, target.id, calls);
  for (const char* table : {"issue_hashes", "issue_activity", "issue_comments"}) {
    calls.push_back(call(fmt::format("update {} set issue_id = $3::bigint where project_id = $1::integer"
                                     " and issue_id = any($2::bigint[])",
                                     table),
                         params()));
  }
  calls.push_back(
      call("update issue_redirects set target_id = $3::bigint where project_id = $1::integer"
           " and target_id = any($2::bigint[])",
           params()));
  calls.push_back(
      call("insert into issue_redirects (project_id, issue_id, target_id) "
           "select $1::integer, unnest($2::bigint[]), $3::bigint",
           params()));
  Params gone;
  gone.integer(ref.project_id).integers(from);
  calls.push_back(
      call("update feedback set issue_id = $3::bigint where project_id = $1::integer"
           " and issue_id = any($2::bigint[])",
           params()));
  for (const char* table : {"issue_users", "issue_signatures"}) {
    calls.push_back(call(
        fmt::format("delete from {} where project_id = $1::integer and issue_id = any($2::bigint[])", table), gone));
  }
  calls.push_back(call("delete from issues where project_id = $1::integer and id = any($2::bigint[])", gone));
  for (const auto id : from) calls.push_back(queue_move(ref.project_id, "merge", id, target.id));
  calls.push_back(notify_moves());
  if (auto status = run_all(connection, calls); !status) return status;
  return note_activity(connection, ref.project_id, target.id, user_id, "merged", merged_json(sources));
}

Error no_such_issue(std::int64_t id) {
  return {ErrorCode::not_found, fmt::format("no such issue: {}", id), std::to_string(id)};
}

/// The hashes that lead to an issue.
Result<std::set<std::string>> hashes_of(Connection& connection, const IssueRef& issue) {
  const auto rows =
      connection.query("select hash from issue_hashes where project_id = $1::integer and issue_id = $2::bigint",
                       Params().integer(issue.project_id).integer(issue.id));
  if (!rows) return rows.error();
  std::set<std::string> hashes;
  for (std::size_t i = 0; i < rows->size(); ++i) hashes.insert(rows->bytes(i, 0));
  return hashes;
}

Status check_split(const std::set<std::string>& known, const std::vector<nodes::Fingerprint>& hashes) {
  std::set<std::string> wanted;
  std::set<std::int32_t> keys;
  for (const auto& hash : hashes) {
    if (!known.contains(std::string(raw(hash))))
      return Error{ErrorCode::invalid, "is not a hash of this issue", "hashes"};
    wanted.emplace(raw(hash));
    keys.insert(hash_key(hash));
  }
  if (wanted.size() == known.size()) {
    return Error{ErrorCode::invalid, "are all hashes of this issue: nothing would stay", "hashes"};
  }
  for (const auto& other : known) {
    nodes::Fingerprint hash{};
    std::copy_n(other.begin(), std::min(other.size(), hash.size()), hash.begin());
    if (!wanted.contains(other) && keys.contains(hash_key(hash))) {
      return Error{ErrorCode::invalid, "can't be told from another hash of this issue", "hashes"};
    }
  }
  return {};
}

/// The new issue, a copy of the old one without events, named after the latest event that it is going to have.
Result<std::int64_t> make_split_issue(Connection& connection, const IssueRef& issue, const nodes::Fingerprint& primary,
                                      const std::vector<std::int64_t>& keys) {
  const auto latest = connection.query(
      "select message from events where project_id = $1::integer and issue_id = $2::bigint"
      " and hash_key = any($3::integer[]) order by received_at desc limit 1",
      Params().integer(issue.project_id).integer(issue.id).integers(keys));
  if (!latest) return latest.error();
  if (latest->empty()) return Error{ErrorCode::invalid, "have no event in this issue that could be moved", "hashes"};
  Params params;
  params.integer(issue.project_id).integer(issue.id).bytes(raw(primary)).text(latest->text(0, 0));
  const auto made = connection.query(
      "with number as (update projects set next_short_id = next_short_id + 1 where id = $1::integer"
      " returning next_short_id - 1 as short_id) "
      "insert into issues (project_id, short_id, primary_hash, grouping_version, title, culprit, type, platform, level,"
      " first_seen, last_seen, first_release, status, substatus) "
      "select i.project_id, n.short_id, $3::bytea, i.grouping_version, $4, i.culprit, i.type, i.platform, i.level,"
      " i.first_seen, i.last_seen, i.first_release, 'unresolved', 'ongoing' from issues i cross join number n "
      "where i.project_id = $1::integer and i.id = $2::bigint returning id",
      params);
  if (!made) return made.error();
  if (made->empty()) return no_such_issue(issue.id);
  return made->integer(0, 0);
}

}  // namespace

Status merge_issues(Pool& pool, const IssueRef& target, const std::vector<std::int64_t>& sources, std::uint32_t user_id,
                    const NoteMove& note) {
  if (std::find(sources.begin(), sources.end(), target.id) != sources.end()) {
    return Error{ErrorCode::invalid, "an issue can't be merged into itself", "ids"};
  }
  auto all = sources;
  all.push_back(target.id);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return with_moves(pool, target.project_id, [&](Connection& connection) -> Status {
    if (auto status = lock_project(connection, target.project_id); !status) return status;
    auto locked = lock_issues(connection, target.project_id, all);
    if (!locked) return locked.error();
    for (const auto id : all) {
      if (std::none_of(locked->begin(), locked->end(), [&](const auto& issue) { return issue.id == id; })) {
        return no_such_issue(id);
      }
    }
    const auto at = std::find_if(locked->begin(), locked->end(), [&](const auto& i) { return i.id == target.id; });
    const auto into = *at;
    locked->erase(at);
    if (auto status = merge_locked(connection, target, into, *locked, user_id); !status) return status;
    return note ? note(connection) : Status();
  });
}

Result<std::int64_t> split_issue(Pool& pool, const IssueRef& issue, const std::vector<nodes::Fingerprint>& hashes,
                                 std::uint32_t user_id, const NoteSplit& note) {
  std::int64_t made = 0;
  std::vector<std::int64_t> keys;
  std::vector<std::string_view> views;
  for (const auto& hash : hashes) {
    keys.push_back(hash_key(hash));
    views.push_back(raw(hash));
  }
  const auto status = with_moves(pool, issue.project_id, [&](Connection& connection) -> Status {
    if (auto locked = lock_project(connection, issue.project_id); !locked) return locked;
    const auto known = hashes_of(connection, issue);
    if (!known) return known.error();
    if (auto checked = check_split(*known, hashes); !checked) return checked;
    const auto fresh = make_split_issue(connection, issue, hashes.front(), keys);
    if (!fresh) return fresh.error();
    made = *fresh;
    const auto locked = lock_issues(connection, issue.project_id, {issue.id});
    if (!locked) return locked.error();
    if (locked->empty()) return no_such_issue(issue.id);
    Params moved, epoch;
    moved.integer(issue.project_id).integer(made).bytes_array(views);
    epoch.integer(issue.project_id).integer(issue.id);
    std::vector<Call> calls;
    calls.push_back(
        call("update issue_hashes set issue_id = $2::bigint where project_id = $1::integer"
             " and hash = any($3::bytea[])",
             moved));
    calls.push_back(
        call("update issues set epoch = epoch + 1, version = version + 1 where project_id = $1::integer"
             " and id = $2::bigint",
             epoch));
    calls.push_back(queue_move(issue.project_id, "split", issue.id, made, keys));
    calls.push_back(notify_moves());
    if (auto done = run_all(connection, calls); !done) return done;
    if (auto noted =
            note_activity(connection, issue.project_id, issue.id, user_id, "split", Json{{"into", made}}.dump());
        !noted) {
      return noted;
    }
    if (auto noted =
            note_activity(connection, issue.project_id, made, user_id, "split", Json{{"from", issue.id}}.dump());
        !noted) {
      return noted;
    }
    return note ? note(connection, made) : Status();
  });
  if (!status) return status.error();
  return made;
}

Status delete_issue(Pool& pool, const IssueRef& issue, bool discard, std::uint32_t user_id, const NoteMove& note) {
  return with_moves(pool, issue.project_id, [&](Connection& connection) -> Status {
    if (auto status = lock_project(connection, issue.project_id); !status) return status;
    const auto locked = lock_issues(connection, issue.project_id, {issue.id});
    if (!locked) return locked.error();
    if (locked->empty()) return no_such_issue(issue.id);
    const auto params = [&] {
      Params values;
      values.integer(issue.project_id).integer(issue.id);
      return values;
    };
    std::vector<Call> calls;
    if (discard) {
      calls.push_back(
          call("insert into discarded_hashes (project_id, hash, title, discarded_by) "
               "select project_id, hash, $3, nullif($4::integer, 0) from issue_hashes "
               "where project_id = $1::integer and issue_id = $2::bigint on conflict do nothing",
               params().text(locked->front().title).integer(user_id)));
      calls.push_back(
          call("update issue_hashes set issue_id = 0 where project_id = $1::integer"
               " and issue_id = $2::bigint",
               params()));
    }
    for (const char* table : {"issue_hashes", "issue_hours", "issue_users", "issue_activity", "issue_comments"}) {
      calls.push_back(call(
          fmt::format("delete from {} where project_id = $1::integer and issue_id = $2::bigint", table), params()));
    }
    append_search_delete(issue.project_id, issue.id, calls);
    calls.push_back(
        call("delete from issue_redirects where project_id = $1::integer and target_id = $2::bigint", params()));
    calls.push_back(call("delete from issues where project_id = $1::integer and id = $2::bigint", params()));
    for (const char* table : {"feedback", "issue_signatures"}) {
      calls.push_back(call(
          fmt::format("delete from {} where project_id = $1::integer and issue_id = $2::bigint", table), params()));
    }
    calls.push_back(queue_move(issue.project_id, "delete", issue.id, std::nullopt));
    calls.push_back(notify_moves());
    if (auto done = run_all(connection, calls); !done) return done;
    return note ? note(connection) : Status();
  });
}

Status restore_discarded(Pool& pool, std::uint32_t project_id, const nodes::Fingerprint& hash, const NoteMove& note) {
  return with_moves(pool, project_id, [&](Connection& connection) -> Status {
    if (auto status = lock_project(connection, project_id); !status) return status;
    Params params;
    params.integer(project_id).bytes(raw(hash));
    const auto gone =
        connection.query("delete from discarded_hashes where project_id = $1::integer and hash = $2::bytea", params);
    if (!gone) return gone.error();
    if (gone->affected() == 0) return Error{ErrorCode::not_found, "no such discarded hash", "hash"};
    const auto freed = connection.query(
        "delete from issue_hashes where project_id = $1::integer and hash = $2::bytea and issue_id = 0", params);
    if (!freed) return freed.error();
    return note ? note(connection) : Status();
  });
}

Result<std::vector<DiscardedHash>> list_discarded(Pool& pool, std::uint32_t project_id, const std::string& after,
                                                  std::uint32_t limit) {
  auto rows = pool.query(
      "select encode(hash, 'hex'), title, discarded_by, discarded_at from discarded_hashes "
      "where project_id = $1::integer and hash > decode($2, 'hex') order by project_id, hash limit $3::integer",
      Params().integer(project_id).text(after).integer(limit));
  if (!rows) return std::move(rows).error();
  std::vector<DiscardedHash> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    auto& entry = list.emplace_back();
    entry.hash = rows->text(i, 0);
    entry.title = rows->text(i, 1);
    if (!rows->is_null(i, 2)) entry.discarded_by = static_cast<std::uint32_t>(rows->integer(i, 2));
    entry.discarded_at = rows->time(i, 3);
  }
  return list;
}

Result<std::vector<IssueHash>> list_hashes(Pool& pool, const IssueRef& issue) {
  auto rows = pool.query(
      "with latest as (select hash_key, event_id, received_at from events where project_id = $1::integer"
      " and issue_id = $2::bigint order by received_at desc limit 1000),"
      " counted as (select hash_key, count(*) as events,"
      " replace((array_agg(event_id order by received_at desc))[1]::text, '-', '') as last from latest group by "
      "hash_key)"
      " select encode(h.hash, 'hex'), coalesce(c.events, 0), coalesce(c.last, '') from issue_hashes h"
      " left join counted c on c.hash_key = ('x' || encode(substring(h.hash from 1 for 4), 'hex'))::bit(32)::integer"
      " where h.project_id = $1::integer and h.issue_id = $2::bigint order by 2 desc, 1",
      Params().integer(issue.project_id).integer(issue.id));
  if (!rows) return std::move(rows).error();
  std::vector<IssueHash> list;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    list.push_back({std::string(rows->text(i, 0)), rows->integer(i, 1), std::string(rows->text(i, 2))});
  }
  return list;
}

}  // namespace mesher::postgres
