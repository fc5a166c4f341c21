#include "io/postgres/event_writer.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <unordered_set>

#include "graph/base/log.hpp"
#include "io/postgres/roll_ups.hpp"
#include "io/postgres/sql_error.hpp"

namespace mesher::postgres {
namespace {

using nodes::ports::WriteSet;

constexpr std::int64_t kBlockIdsAtOnce = 1024;  // the increment of event_block_ids
constexpr int kAttempts = 5;                    // other writers may bring the same ids or lock in our way
// A client's own retry may come on the next day, where another partition's index does not know its id.
constexpr UnixMicros kAfterMidnight = kHour;

struct HashId {
  std::size_t operator()(const std::pair<std::uint32_t, nodes::EventId>& key) const {
    return XXH3_64bits_withSeed(key.second.bytes.data(), key.second.bytes.size(), key.first);
  }
};

/// What the port allows: everything but invalid data and conflicts may go away by itself or by an operator's hand.
Error as_port_error(Error error) {
  if (error.code != ErrorCode::invalid && error.code != ErrorCode::conflict) error.code = ErrorCode::unavailable;
  return error;
}

constexpr std::int64_t kNoLease = 0;

Error lease_lost() {
  return {ErrorCode::unavailable, "this node has lost its lease and waits for a new one", {}};
}

bool worth_another_attempt(const Error& error) {
  return has_sqlstate(error, sqlstate::kDeadlock) || has_sqlstate(error, sqlstate::kSerialization) ||
         has_sqlstate(error, sqlstate::kCheckViolation);
}

}  // namespace

EventStore::Writer::Writer(const ConnectOptions& options, Shared& shared, std::string name)
    : options_(options), shared_(shared), name_(std::move(name)) {}

Status EventStore::Writer::connect() {
  if (connection_ && !connection_->broken()) return {};
  connection_.reset();
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  connection_.emplace(std::move(*connection));
  return {};
}

void EventStore::Writer::roll_back() {
  if (connection_ && !connection_->broken() && connection_->in_transaction()) (void)connection_->execute("rollback");
}

Result<std::uint64_t> EventStore::Writer::cursor(const std::string& journal_id, std::uint32_t partition) {
  const std::lock_guard lock(mutex_);
  for (int attempt = 0;; ++attempt) {
    if (auto status = connect(); !status) {
      shared_.health.fails(name_, status.error());
      return as_port_error(status.error());
    }
    const auto rows =
        connection_->query("select position from journal_cursors where journal_id = $1 and partition = $2",
                           Params().text(journal_id).integer(partition));
    if (rows) {
      shared_.health.works(name_);
      return rows->empty() ? 0 : static_cast<std::uint64_t>(rows->integer(0, 0));
    }
    // The connection may have died since it was used last.
    if (!connection_->broken() || attempt > 0) return as_port_error(rows.error());
  }
}

Result<nodes::ports::Committed> EventStore::Writer::commit(const WriteSet& set) {
  const std::lock_guard lock(mutex_);
  auto answer = store(set);
  if (answer) {
    shared_.health.works(name_);
  } else if (answer.error().code != ErrorCode::conflict) {
    shared_.health.fails(name_, answer.error());
  }
  return answer;
}

Result<nodes::ports::Committed> EventStore::Writer::store(const WriteSet& set) {
  Error last{ErrorCode::unavailable, "the same event ids keep coming from elsewhere", {}};
  bool look_everywhere = false;  // the database refused an id: ask which ones it has
  for (int i = 0; i < kAttempts; ++i) {
    const bool reused = connection_ && !connection_->broken();
    if (auto status = connect(); !status) return as_port_error(status.error());
    Attempt attempt;
    leave_out_repeated(set, attempt);
    bool refused_id = false;
    auto status = leave_out_stored(attempt, look_everywhere);
    if (status) {
      auto answer = try_once(set, attempt, refused_id);
      if (answer) return answer;
      status = answer.error();
    }
    roll_back();
    last = status.error();
    if (refused_id) {
      look_everywhere = true;
      shared_.slow_paths.add();
      continue;
    }
    if (has_sqlstate(last, sqlstate::kCheckViolation)) shared_.partitions.forget();
    const bool died_idle = reused && connection_->broken();
    if (!died_idle && !worth_another_attempt(last)) break;
  }
  return as_port_error(last);
}

Result<nodes::ports::Committed> EventStore::Writer::try_once(const WriteSet& set, Attempt& attempt, bool& refused_id) {
  if (auto status = place_events(attempt); !status) return status.error();
  if (auto status = load_tags(attempt); !status) return status.error();
  if (auto status = project_users_.add(*connection_, set, attempt.stored); !status) return status.error();
  attempt.issues = sum_issues(attempt.stored);

  bool stored_before = false;
  if (auto status = begin(set, stored_before); !status) return status.error();
  if (stored_before) {
    roll_back();
    return resolve_doubt(set);
  }
  if (!attempt.stored.empty()) {
    encode_event_rows(attempt.stored, attempt.places, rows_);
    if (auto status = connection_->copy_in(kCopyEvents, rows_); !status) {
      refused_id = has_sqlstate(status.error(), sqlstate::kUniqueViolation);
      return status.error();
    }
    if (auto status = lock_issues(attempt); !status) return status.error();
  }
  if (auto status = finish(set, attempt); !status) return status.error();
  remember(attempt);
  return std::move(attempt.result);
}

// ---- which events are new

void EventStore::Writer::set_aside(Attempt& attempt, const std::vector<bool>& repeated) {
  std::vector<Event*> kept;
  kept.reserve(attempt.stored.size());
  for (std::size_t i = 0; i < attempt.stored.size(); ++i) {
    (repeated[i] ? attempt.duplicates : kept).push_back(attempt.stored[i]);
  }
  attempt.stored = std::move(kept);
}

void EventStore::Writer::leave_out_repeated(const WriteSet& set, Attempt& attempt) {
  attempt.stored = set.events;
  std::vector<bool> repeated(set.events.size());
  std::unordered_set<std::pair<std::uint32_t, nodes::EventId>, HashId> seen(set.events.size() * 2);
  const std::lock_guard lock(shared_.mutex);
  for (std::size_t i = 0; i < set.events.size(); ++i) {
    const auto& event = *set.events[i];
    repeated[i] =
        !seen.insert({event.project_id, event.id}).second || shared_.recent.contains(event.project_id, event.id);
  }
  set_aside(attempt, repeated);
}

/// Asks the database for those of the ids that it has on the same day (if `all_days`) and, shortly after midnight, on
/// the day before.
Status EventStore::Writer::leave_out_stored(Attempt& attempt, bool all_days) {
  std::vector<std::int64_t> projects;
  std::vector<std::string> ids, days;
  const auto today = shared_.clock.now() / kDay;
  for (const auto* event : attempt.stored) {
    const auto day = Partitions::clamp(event->received / kDay, today);
    const bool early = event->received % kDay < kAfterMidnight;
    for (const std::int64_t ask : {day, day - 1}) {
      if (ask == day ? !all_days : !early) continue;
      projects.push_back(event->project_id);
      ids.push_back(event->id.hex());
      days.push_back(date_text(ask));
    }
  }
  if (ids.empty()) return {};
  const auto found = connection_->query(
      "select e.project_id, replace(e.event_id::text, '-', '') "
      "from unnest($1::integer[], $2::uuid[], $3::date[]) as d (project_id, event_id, day) "
      "join events e on e.project_id = d.project_id and e.event_id = d.event_id and e.day = d.day",
      Params().integers(projects).texts(ids).texts(days));
  if (!found) return found.error();
  if (found->empty()) return {};
  std::set<std::pair<std::int64_t, std::string_view>> stored;
  for (std::size_t i = 0; i < found->size(); ++i) stored.emplace(found->integer(i, 0), found->text(i, 1));
  std::vector<bool> repeated(attempt.stored.size());
  for (std::size_t i = 0; i < attempt.stored.size(); ++i) {
    const auto hex = attempt.stored[i]->id.hex();
    repeated[i] = stored.contains({attempt.stored[i]->project_id, hex});
  }
  set_aside(attempt, repeated);
  return {};
}

// ---- where they go

Status EventStore::Writer::place_events(Attempt& attempt) {
  sort_by_issue(attempt);
  std::int64_t ensured = -1;
  for (const auto& place : attempt.places) {
    if (place.day == ensured) continue;
    ensured = place.day;
    if (auto status = shared_.partitions.ensure(*connection_, ensured); !status) return status;
  }
  // More blocks than this can't come of so many events.
  if (auto status = reserve_blocks(attempt.stored.size()); !status) return status;
  make_blocks(attempt);
  return {};
}

Status EventStore::Writer::reserve_blocks(std::size_t count) {
  while (free_blocks_.size() < count) {
    const auto rows = connection_->query("select nextval('event_block_ids')");
    if (!rows) return rows.error();
    for (std::int64_t i = 0; i < kBlockIdsAtOnce; ++i) free_blocks_.push_back(rows->integer(0, 0) + i);
  }
  return {};
}

/// Events of an issue lie side by side: alike as they are, a block of them is a third smaller and twice as fast to
/// compress as one in the order of arrival, and the index of an issue's events grows in one place at a time.
void EventStore::Writer::sort_by_issue(Attempt& attempt) {
  const auto today = shared_.clock.now() / kDay;
  const auto place = [&](const Event* event) {
    return std::tuple(event->project_id, Partitions::clamp(event->received / kDay, today), event->issue_id);
  };
  std::stable_sort(attempt.stored.begin(), attempt.stored.end(),
                   [&](const Event* a, const Event* b) { return place(a) < place(b); });
  attempt.places.resize(attempt.stored.size());
  for (std::size_t i = 0; i < attempt.stored.size(); ++i) attempt.places[i].day = std::get<1>(place(attempt.stored[i]));
}

void EventStore::Writer::make_blocks(Attempt& attempt) {
  std::vector<std::string_view> payloads;
  std::size_t bytes = 0;
  UnixMicros first = std::numeric_limits<UnixMicros>::max(), last = 0;
  for (std::size_t i = 0; i < attempt.stored.size(); ++i) {
    const auto& event = *attempt.stored[i];
    auto& place = attempt.places[i];
    place.block_id = free_blocks_.front();
    place.block_index = static_cast<std::uint32_t>(payloads.size());
    payloads.push_back(event.payload);
    words_.add(event);
    first = std::min(first, event.received);
    last = std::max(last, event.received);
    bytes += event.payload.size();
    const bool ends = i + 1 == attempt.stored.size() || attempt.places[i + 1].day != place.day ||
                      attempt.stored[i + 1]->project_id != event.project_id;
    if (!ends && payloads.size() < kBlockEvents && bytes < kBlockBytes) continue;
    auto& call = attempt.blocks.emplace_back();
    call.sql =
        "insert into event_blocks (project_id, day, block_id, data, words, first_received, last_received) "
        "values ($1, $2::date, $3, $4, $5::tsvector, $6::timestamptz, $7::timestamptz)";
    call.params.integer(event.project_id).text(date_text(place.day)).integer(place.block_id);
    call.params.bytes(compressor_.compress(payloads)).text(words_.take()).time(first).time(last);
    first = std::numeric_limits<UnixMicros>::max();
    last = 0;
    free_blocks_.pop_front();
    payloads.clear();
    bytes = 0;
  }
}

/// TagLimits has to know what the table has of the projects and days at hand.
Status EventStore::Writer::load_tags(const Attempt& attempt) {
  std::set<std::pair<std::uint32_t, std::int64_t>> unknown;
  {
    const std::lock_guard lock(shared_.mutex);
    for (std::size_t i = 0; i < attempt.stored.size(); ++i) {
      const std::pair group(attempt.stored[i]->project_id, attempt.places[i].day);
      if (!unknown.contains(group) && !shared_.tags.knows(group.first, group.second)) unknown.insert(group);
    }
  }
  for (const auto& [project_id, day] : unknown) {
    const auto rows = connection_->query("select key, value from tag_days where project_id = $1 and day = $2::date",
                                         Params().integer(project_id).text(date_text(day)));
    if (!rows) return rows.error();
    const std::lock_guard lock(shared_.mutex);
    shared_.tags.begin_loading(project_id, day);
    for (std::size_t i = 0; i < rows->size(); ++i) {
      shared_.tags.loaded(project_id, day, rows->text(i, 0), rows->text(i, 1));
    }
  }
  return {};
}

// ---- the transaction

Status EventStore::Writer::begin(const WriteSet& set, bool& stored_before) {
  const auto lease = shared_.lease == nullptr ? kNoLease : shared_.lease->load();
  if (shared_.lease != nullptr && lease == kNoLease) return lease_lost();
  std::vector<Call> calls(2);
  calls[0].sql = "begin";
  calls[1].sql =
      shared_.lease == nullptr
          ? "insert into journal_cursors as c (journal_id, partition, position) values ($1, $2, $4) "
            "on conflict (journal_id, partition) do update set position = $4, updated_at = now() where c.position = $3"
          : "insert into journal_cursors as c (journal_id, partition, position, epoch) values ($1, $2, $4, $5) "
            "on conflict (journal_id, partition) do update set position = $4, updated_at = now() "
            "where c.position = $3 and c.epoch = $5";
  calls[1].params.text(set.journal_id).integer(set.partition);
  calls[1].params.integer(static_cast<std::int64_t>(set.cursor_from)).integer(static_cast<std::int64_t>(set.cursor_to));
  if (shared_.lease != nullptr) calls[1].params.integer(lease);
  const auto moved = connection_->run(calls);
  if (!moved) return moved.error();
  if (moved->at(1).affected() == 1) {
    in_doubt_.reset();  // it was not stored; what it counted for alerts is taken back
    return {};
  }

  const bool same_set = in_doubt_ && in_doubt_->from == set.cursor_from && in_doubt_->to == set.cursor_to &&
                        in_doubt_->result.duplicate.size() == set.events.size();
  if (same_set || shared_.lease != nullptr) {
    const auto rows =
        connection_->query("select position, epoch from journal_cursors where journal_id = $1 and partition = $2",
                           Params().text(set.journal_id).integer(set.partition));
    if (!rows) return rows.error();
    stored_before = same_set && !rows->empty() && static_cast<std::uint64_t>(rows->integer(0, 0)) == set.cursor_to;
    if (stored_before) return {};
    if (shared_.lease != nullptr && !rows->empty() && rows->integer(0, 1) != lease) return lease_lost();
  }
  return Error{ErrorCode::conflict, fmt::format("the cursor is not at {} any more", set.cursor_from), "cursor"};
}

Status EventStore::Writer::finish(const WriteSet& set, Attempt& attempt) {
  std::vector<Call> calls = std::move(attempt.user_updates);
  if (!attempt.stored.empty()) {
    {
      const std::lock_guard lock(shared_.mutex);
      attempt.new_releases = shared_.releases.unknown(attempt.stored);
    }
    if (auto status = count_alerts(attempt); !status) return status;
    if (!attempt.new_releases.empty()) calls.push_back(insert_releases(attempt.new_releases));
    calls.push_back(update_issues(attempt.issues));
    append_transitions(attempt.transitions, calls);
    calls.push_back(add_project_hours(attempt.stored));
    calls.push_back(add_issue_hours(attempt.stored));
    calls.push_back(add_issue_days(attempt.stored));
    if (auto call = project_users_.store()) calls.push_back(*std::move(call));
    const std::lock_guard lock(shared_.mutex);
    calls.push_back(add_tag_days(attempt.stored, attempt.places, shared_.tags));
    if (auto call = add_tag_hours(attempt.stored, attempt.places, shared_.tags)) calls.push_back(*std::move(call));
    attempt.new_tags = shared_.issue_tags.unseen(attempt.stored, attempt.places, shared_.tags);
    if (!attempt.new_tags.empty()) calls.push_back(add_issue_tags(attempt.new_tags));
  }
  if (!attempt.stored.empty() || !attempt.duplicates.empty() || !set.outcomes.empty()) {
    calls.push_back(add_outcomes(attempt.stored, attempt.duplicates, set.outcomes));
  }
  for (const auto& record : set.quarantined) calls.push_back(add_quarantined(record));
  if (!set.feedback.empty()) calls.push_back(add_feedback(set.feedback));
  const auto& firings = attempt.counted.firings;
  if (!firings.empty()) calls.push_back(store_firings(firings));
  calls.push_back({"commit", {}});
  describe(set, attempt);
  const auto answers = connection_->run(calls);
  if (answers) {
    if (!firings.empty()) attempt.alerts = stored_alerts(answers->at(calls.size() - 2));
    return {};
  }
  if (connection_->broken()) {
    attempt.counted.leave_gate();
    in_doubt_ = InDoubt{set.cursor_from, set.cursor_to, std::move(attempt.result), std::move(attempt.counted)};
  }
  return answers.error();
}

/// What commit() is going to answer.
void EventStore::Writer::describe(const WriteSet& set, Attempt& attempt) const {
  const std::unordered_set<const Event*> duplicates(attempt.duplicates.begin(), attempt.duplicates.end());
  attempt.result.duplicate.reserve(set.events.size());
  for (const auto* event : set.events) attempt.result.duplicate.push_back(duplicates.contains(event));
  for (const auto& issue : attempt.issues) {
    auto& change = attempt.result.issues.emplace_back();
    change.project_id = issue.project_id;
    change.issue_id = issue.issue_id;
    change.event_count = static_cast<std::uint64_t>(issue.events_before + issue.events);
    change.is_new = issue.events_before == 0;
    change.last_seen = change.is_new ? issue.last_seen : std::max(issue.last_seen, issue.last_seen_before);
    change.status = issue.status;
    change.substatus = issue.substatus;
    if (issue.transition >= 0)
      describe_transition(attempt.transitions[static_cast<std::size_t>(issue.transition)], change);
  }
}

/// The set was stored by the call whose answer was lost.
nodes::ports::Committed EventStore::Writer::resolve_doubt(const WriteSet& set) {
  Committed result = std::move(in_doubt_->result);
  in_doubt_->counted.keep();
  in_doubt_.reset();
  const std::lock_guard lock(shared_.mutex);
  for (const auto* event : set.events) shared_.recent.add(event->project_id, event->id);
  return result;
}

/// After the commit: what later calls may rely on.
void EventStore::Writer::remember(Attempt& attempt) {
  attempt.counted.keep();
  if (!attempt.counted.firings.empty() && shared_.alerts.stored) {
    shared_.alerts.stored(attempt.counted.firings, std::move(attempt.alerts));
  }
  project_users_.stored();
  shared_.duplicates.add(attempt.duplicates.size());
  const std::lock_guard lock(shared_.mutex);
  for (const auto* event : attempt.stored) shared_.recent.add(event->project_id, event->id);
  shared_.issue_tags.remember(attempt.new_tags);
  for (std::size_t i = 0; i < attempt.sketches.size(); ++i) {
    const auto& issue = *attempt.sketched_issues[i];
    shared_.sketches.put(issue.project_id, issue.issue_id, issue.epoch, std::move(attempt.sketches[i]));
  }
  shared_.releases.add(attempt.new_releases);
}

}  // namespace mesher::postgres
