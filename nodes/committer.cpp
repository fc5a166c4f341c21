#include "nodes/committer.hpp"

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "graph/base/log.hpp"
#include "graph/base/thread.hpp"
#include "nodes/backoff.hpp"

namespace mesher::nodes {
namespace {

constexpr int kIssuesSoughtAtOnce = 3;  // without a pause; it takes several merges in a row to need more

}  // namespace

std::size_t Committer::Settled::events() const {
  std::size_t sum = 0;
  for (const auto& deposit : books.deposits) sum += deposit.batch.content().size();
  return sum;
}

struct Committer::Writer {
  std::uint32_t partition = 0;
  mutable std::mutex mutex;
  std::condition_variable_any wake;
  std::map<std::uint64_t, Settled> waiting;       ///< by sequence
  std::size_t waiting_events = 0;                 ///< in all of them
  std::uint64_t next = 0;                         ///< sequence to store next
  std::chrono::steady_clock::time_point began{};  ///< the latest transaction
  bool storing = false;
  bool closed = true;  ///< before the first restart, and after a conflict
  std::string trouble;
  std::jthread thread;
};

Committer::Committer(ports::EventStore& store, IssueDirectory& issues, Metrics& metrics, Options options)
    : store_(store),
      issues_(issues),
      options_(std::move(options)),
      transactions_(metrics.counter("mesher_store_transactions_total", "Transactions that stored batches")),
      stored_events_(metrics.counter("mesher_store_events_total", "Events stored")),
      failures_(metrics.counter("mesher_store_failures_total", "Transactions that failed and were tried again")),
      commit_seconds_(metrics.histogram("mesher_store_commit_seconds", "Time of one storing transaction")) {
  for (std::uint32_t p = 0; p < options_.partitions; ++p) {
    auto writer = std::make_unique<Writer>();
    writer->partition = p;
    writer->thread = std::jthread([this, w = writer.get()](const std::stop_token& stop) {
      begin_yielding_thread("store");
      write(*w, stop);
    });
    writers_.push_back(std::move(writer));
  }
}

Committer::~Committer() {
  stop();
}

void Committer::stop() {
  for (auto& writer : writers_) writer->thread.request_stop();
  for (auto& writer : writers_) {
    if (writer->thread.joinable()) writer->thread.join();
    std::map<std::uint64_t, Settled> left;
    const std::lock_guard lock(writer->mutex);
    left.swap(writer->waiting);
    writer->waiting_events = 0;
    writer->closed = true;
  }
}

void Committer::settled(std::uint32_t partition, std::uint64_t sequence, Range range, PipelineLedger::Contents books) {
  auto& writer = *writers_.at(partition);
  {
    const std::lock_guard lock(writer.mutex);
    if (writer.closed || sequence < writer.next) return;
    Settled settled{range, std::move(books)};
    writer.waiting_events += settled.events();
    writer.waiting.emplace(sequence, std::move(settled));
    const bool enough = writer.waiting_events >= options_.max_events / 2;
    if (sequence != writer.next && !enough) return;
  }
  writer.wake.notify_all();
}

std::optional<std::uint64_t> Committer::restart(std::uint32_t partition, std::uint64_t first_sequence,
                                                const std::stop_token& stop) {
  auto& writer = *writers_.at(partition);
  std::map<std::uint64_t, Settled> left;
  {
    std::unique_lock lock(writer.mutex);
    writer.closed = true;  // a retry loop under way gives up
    left.swap(writer.waiting);
    writer.waiting_events = 0;
    writer.wake.notify_all();
    if (!writer.wake.wait(lock, stop, [&] { return !writer.storing; })) return std::nullopt;
  }
  left.clear();
  Backoff backoff;
  while (true) {
    const auto cursor = store_.cursor(options_.journal_id, partition);
    if (cursor) {
      const std::lock_guard lock(writer.mutex);
      writer.closed = false;
      writer.next = first_sequence;
      writer.trouble.clear();
      return *cursor;
    }
    if (backoff.first()) log::warn("store", "the cursor can't be read: {}", cursor.error().message);
    if (!backoff.wait(stop)) return std::nullopt;
  }
}

std::string Committer::trouble() const {
  for (const auto& writer : writers_) {
    const std::lock_guard lock(writer->mutex);
    if (!writer->trouble.empty()) return writer->trouble;
  }
  return {};
}

std::vector<Committer::Settled> Committer::next_run(Writer& writer, const std::stop_token& stop) {
  std::vector<Settled> run;
  std::unique_lock lock(writer.mutex);
  const auto ready = [&] { return !writer.waiting.empty() && writer.waiting.begin()->first == writer.next; };
  do {
    if (!writer.wake.wait(lock, stop, ready)) return run;
    writer.wake.wait_until(lock, stop, writer.began + options_.pause,
                           [&] { return !ready() || writer.waiting_events >= options_.max_events / 2; });
    if (stop.stop_requested()) return run;
  } while (!ready());  // a restart meanwhile
  writer.began = std::chrono::steady_clock::now();
  std::size_t events = 0;
  while (ready()) {
    auto& first = writer.waiting.begin()->second;
    const auto here = first.events();
    if (!run.empty() && events + here > options_.max_events) break;
    events += here;
    writer.waiting_events -= here;
    run.push_back(std::move(first));
    writer.waiting.erase(writer.waiting.begin());
    ++writer.next;
  }
  writer.storing = true;
  return run;
}

void Committer::write(Writer& writer, const std::stop_token& stop) {
  while (true) {
    auto run = next_run(writer, stop);
    if (run.empty()) return;
    const auto outcome = store_run(writer, run, stop);
    {
      const std::lock_guard lock(writer.mutex);
      writer.storing = false;
      if (outcome == Outcome::conflict) writer.closed = true;
    }
    writer.wake.notify_all();
    if (outcome == Outcome::stored && on_stored) on_stored(writer.partition, run.back().range.to);
    if (outcome == Outcome::conflict && on_conflict) on_conflict(writer.partition);
  }
}

Committer::Outcome Committer::store_run(Writer& writer, std::vector<Settled>& run, const std::stop_token& stop) {
  ports::WriteSet set;
  set.journal_id = options_.journal_id;
  set.partition = writer.partition;
  set.cursor_from = run.front().range.from;
  set.cursor_to = run.back().range.to;
  for (auto& settled : run) {
    auto& books = settled.books;
    std::move(books.outcomes.begin(), books.outcomes.end(), std::back_inserter(set.outcomes));
    std::move(books.quarantined.begin(), books.quarantined.end(), std::back_inserter(set.quarantined));
    std::move(books.feedback.begin(), books.feedback.end(), std::back_inserter(set.feedback));
    for (auto& deposit : books.deposits) {
      for (auto& event : deposit.batch.as<EventBatch>().events) set.events.push_back(&event);
    }
  }
  ports::Committed committed;
  const auto outcome = commit(writer, set, committed, stop);
  if (outcome == Outcome::stored) hand_back(run, set, std::move(committed));
  return outcome;
}

Committer::Outcome Committer::commit(Writer& writer, ports::WriteSet& set, ports::Committed& committed,
                                     const std::stop_token& stop) {
  Backoff backoff;
  int issues_sought = 0;
  while (true) {
    const auto began = std::chrono::steady_clock::now();
    auto answer = store_.commit(set);
    if (answer) {
      commit_seconds_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
      transactions_.add();
      stored_events_.add(set.events.size());
      committed = std::move(answer).value();
      const std::lock_guard lock(writer.mutex);
      if (!writer.trouble.empty()) log::info("store", "partition {}: storing again", writer.partition);
      writer.trouble.clear();
      return Outcome::stored;
    }
    failures_.add();
    const auto& error = answer.error();
    if (error.code == ErrorCode::invalid) return isolate_poison(writer, set, committed, stop);
    if (error.code == ErrorCode::conflict && error.hint == "issue") {
      // Merged, split, deleted or discarded meanwhile: nothing is wrong.
      if (find_issues_anew(set) && ++issues_sought <= kIssuesSoughtAtOnce) continue;
    } else if (error.code == ErrorCode::conflict) {
      // The answer of an earlier try may have been lost with its connection after the database had committed.
      const auto cursor = store_.cursor(set.journal_id, set.partition);
      if (cursor && *cursor == set.cursor_to && set.cursor_to != set.cursor_from) {
        committed = {};
        committed.duplicate.assign(set.events.size(), false);
        return Outcome::stored;
      }
      if (cursor && *cursor != set.cursor_from) {
        log::error("store", "partition {}: the cursor is at {} and not at {}: reading again from there", set.partition,
                   *cursor, set.cursor_from);
        return Outcome::conflict;
      }
    }
    {
      const std::lock_guard lock(writer.mutex);
      if (writer.trouble.empty()) {
        log::warn("store", "partition {}: batches can't be stored, trying again: {}", writer.partition, error.message);
      }
      writer.trouble = error.message.empty() ? "storing fails" : error.message;
      if (writer.closed) return Outcome::abandoned;
    }
    if (!backoff.wait(stop)) return Outcome::abandoned;
    const std::lock_guard lock(writer.mutex);
    if (writer.closed) return Outcome::abandoned;
  }
}

/// Looks up the issues of all events again; those that are discarded now leave the set and are counted.
bool Committer::find_issues_anew(ports::WriteSet& set) {
  issues_.forget(set.events);
  std::vector<Event> copies;
  for (const auto* event : set.events) copies.push_back(*event);
  if (!issues_.fill_missing(copies)) return false;
  std::vector<Event*> kept;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    auto& event = *set.events[i];
    event.issue_id = copies[i].issue_id;
    event.issue_epoch = copies[i].issue_epoch;
    if (event.issue_id != kDiscardedIssue) {
      kept.push_back(&event);
      continue;
    }
    const auto book = [&](std::string_view outcome, std::string_view reason, std::int64_t quantity) {
      set.outcomes.push_back({event.project_id, event.key_id, event.received, std::string(outcome), std::string(reason),
                              "error", quantity});
    };
    book(kDiscarded.outcome, kDiscarded.detail, 1);
    if (event.replayed) book("quarantined", "", -1);
  }
  set.events = std::move(kept);
  return true;
}

// The database refuses the data of at least one event. Halves are stored one after another without moving the cursor;
// what is refused alone goes to quarantine; the last transaction books everything else and moves the cursor. A crash
// between them makes the journal bring the stored ones again, where the unique index of events finds them.
Committer::Outcome Committer::isolate_poison(Writer& writer, ports::WriteSet& set, ports::Committed& committed,
                                             const std::stop_token& stop) {
  std::vector<ports::QuarantinedRecord> poison;
  std::unordered_set<const Event*> refused;
  ports::Committed all;
  const std::function<Outcome(std::span<Event* const>)> store_part = [&](std::span<Event* const> events) {
    ports::WriteSet part;
    part.journal_id = set.journal_id;
    part.partition = set.partition;
    part.cursor_from = part.cursor_to = set.cursor_from;
    part.events.assign(events.begin(), events.end());
    Backoff backoff;
    while (true) {
      auto answer = store_.commit(part);
      if (answer) {
        std::move(answer->issues.begin(), answer->issues.end(), std::back_inserter(all.issues));
        return Outcome::stored;
      }
      if (answer.error().code == ErrorCode::invalid) break;
      if (answer.error().code == ErrorCode::conflict) return Outcome::conflict;
      if (!backoff.wait(stop)) return Outcome::abandoned;
    }
    if (events.size() == 1) {
      const auto& event = *events.front();
      poison.push_back({event.project_id, event.key_id, event.id, event.received, "batch_write",
                        "PostgreSQL refuses its data", std::string(event.payload)});
      refused.insert(&event);
      return Outcome::stored;
    }
    const auto middle = events.size() / 2;
    const auto first = store_part(events.first(middle));
    return first == Outcome::stored ? store_part(events.subspan(middle)) : first;
  };
  if (set.events.empty()) {
    log::error("store", "partition {}: PostgreSQL refuses outcomes or feedback; they are left out", set.partition);
    set.outcomes.clear();
    set.feedback.clear();
    set.quarantined.clear();
  }
  const auto parts = set.events.empty() ? Outcome::stored : store_part(set.events);
  if (parts != Outcome::stored) return parts;
  log::warn("store", "partition {}: {} events were refused by PostgreSQL and are in quarantine", set.partition,
            poison.size());
  for (auto& record : poison) {
    set.outcomes.push_back(
        {record.project_id, record.key_id, record.received, "quarantined", "batch_write", "error", 1});
    set.quarantined.push_back(std::move(record));
  }
  auto rest = set;
  rest.events.clear();
  ports::Committed ignored;
  const auto outcome = commit(writer, rest, ignored, stop);
  committed = std::move(all);
  for (const auto* event : set.events) committed.duplicate.push_back(refused.contains(event));
  return outcome;
}

void Committer::hand_back(std::vector<Settled>& run, const ports::WriteSet& set, ports::Committed committed) {
  std::unordered_set<std::int64_t> fresh, regressed;
  for (const auto& change : committed.issues) {
    if (change.is_new) fresh.insert(change.issue_id);
    if (change.regressed) regressed.insert(change.issue_id);
  }
  for (std::size_t i = 0; i < set.events.size(); ++i) {
    if (committed.duplicate.size() > i && committed.duplicate[i]) continue;
    auto& event = *set.events[i];
    event.new_issue = fresh.erase(event.issue_id) > 0;
    event.regressed = regressed.erase(event.issue_id) > 0;
  }
  std::size_t at = 0;
  bool changes_given = false;
  for (auto& settled : run) {
    for (auto& deposit : settled.books.deposits) {
      auto& batch = deposit.batch.as<EventBatch>();
      for (std::size_t i = 0; i < batch.events.size(); ++i) {
        if (batch.events[i].issue_id == kDiscardedIssue) {  // left the set in find_issues_anew()
          deposit.batch.drop(i, kDiscarded);
          continue;
        }
        if (committed.duplicate.size() > at && committed.duplicate[at]) deposit.batch.drop(i, {"invalid", "duplicate"});
        ++at;
      }
      if (!std::exchange(changes_given, true)) batch.issue_changes = std::move(committed.issues);
      deposit.done(std::move(deposit.batch));
    }
  }
}

}  // namespace mesher::nodes
