#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "io/postgres/event_writer.hpp"

/// What a writer does to issues: locks them, counts their users, decides their states.
namespace mesher::postgres {
namespace {

/// Whether the next event may change the state.
bool waits_for_events(const IssueDelta& issue) {
  return issue.status == "resolved" || (issue.status == "archived" && !issue.life.empty());
}

}  // namespace

/// Stores the payload blocks, locks the issues' rows in order and learns what they were.
Status EventStore::Writer::lock_issues(Attempt& attempt) {
  std::vector<std::int64_t> projects, ids, sketch_projects, sketch_ids;
  {
    const std::lock_guard lock(shared_.mutex);
    for (const auto& issue : attempt.issues) {
      projects.push_back(issue.project_id);
      ids.push_back(issue.issue_id);
      const auto* known = shared_.sketches.find(issue.project_id, issue.issue_id, issue.epoch);
      const bool changes = std::any_of(issue.users.begin(), issue.users.end(),
                                       [&](std::uint64_t user) { return !known || known->would_change(user); });
      if (!changes) continue;
      sketch_projects.push_back(issue.project_id);
      sketch_ids.push_back(issue.issue_id);
    }
  }
  std::vector<Call> calls = std::move(attempt.blocks);
  Call lock;
  lock.sql =
      "select i.project_id, i.id, i.event_count, i.status, i.last_seen, i.epoch, i.substatus, i.life, i.user_count "
      "from unnest($1::integer[], $2::bigint[]) as d (project_id, id) "
      "join issues i on i.project_id = d.project_id and i.id = d.id order by i.project_id, i.id for update of i";
  lock.params.integers(projects).integers(ids);
  calls.push_back(std::move(lock));
  // A statement of its own: its snapshot is taken when the rows are locked, so that it sees what others stored before.
  Call sketches;
  sketches.sql =
      "select d.project_id, d.id, u.sketch from unnest($1::integer[], $2::bigint[]) as d (project_id, id) "
      "left join issue_users u on u.project_id = d.project_id and u.issue_id = d.id order by 1, 2";
  sketches.params.integers(sketch_projects).integers(sketch_ids);
  if (!sketch_ids.empty()) calls.push_back(std::move(sketches));

  const auto answers = connection_->run(calls);
  if (!answers) return answers.error();
  const auto& locked = answers->at(calls.size() - (sketch_ids.empty() ? 1 : 2));
  for (std::size_t i = 0; i < attempt.issues.size(); ++i) {
    auto& issue = attempt.issues[i];
    if (i >= locked.size() || locked.integer(i, 1) != issue.issue_id || locked.integer(i, 0) != issue.project_id) {
      return Error{ErrorCode::conflict, fmt::format("issue {} is gone", issue.issue_id), "issue"};
    }
    if (locked.integer(i, 5) != issue.epoch) {
      return Error{ErrorCode::conflict, fmt::format("a hash of issue {} has left it", issue.issue_id), "issue"};
    }
    issue.events_before = locked.integer(i, 2);
    issue.status = locked.text(i, 3);
    issue.last_seen_before = locked.time(i, 4);
    issue.substatus = locked.text(i, 6);
    issue.life = locked.text(i, 7);
    issue.users_before = locked.integer(i, 8);
  }
  if (!sketch_ids.empty()) {
    if (auto status = merge_users(attempt, answers->back()); !status) return status;
  }
  return decide_states(attempt);
}

Status EventStore::Writer::merge_users(Attempt& attempt, const Rows& sketches) {
  std::size_t at = 0;  // both are sorted by project and issue
  std::vector<std::int64_t> projects, ids;
  std::vector<std::string> stored;
  for (auto& issue : attempt.issues) {
    if (at >= sketches.size()) break;
    if (sketches.integer(at, 0) != issue.project_id || sketches.integer(at, 1) != issue.issue_id) continue;
    HyperLogLog sketch;
    if (!sketches.is_null(at, 2)) {
      auto read = HyperLogLog::from_bytes(sketches.bytes(at, 2));
      if (read) sketch = std::move(*read);  // one that can't be read begins anew: an estimate is no reason to stop
    }
    ++at;
    bool changed = false;
    for (const auto user : issue.users) changed = sketch.add(user) || changed;
    if (changed) {
      issue.user_count = static_cast<std::int64_t>(sketch.estimate());
      projects.push_back(issue.project_id);
      ids.push_back(issue.issue_id);
      stored.push_back(sketch.to_bytes());
    }
    attempt.sketches.push_back(std::move(sketch));
    attempt.sketched_issues.push_back(&issue);
  }
  if (ids.empty()) return {};
  Call call;
  call.sql =
      "insert into issue_users as u (project_id, issue_id, sketch) "
      "select * from unnest($1::integer[], $2::bigint[], $3::bytea[]) "
      "on conflict (project_id, issue_id) do update set sketch = excluded.sketch";
  const std::vector<std::string_view> views(stored.begin(), stored.end());
  call.params.integers(projects).integers(ids).bytes_array(views);
  attempt.user_updates.push_back(std::move(call));
  return {};
}

/// Ordinary issues, open or archived for ever, are done with at the first look. Only an issue that is resolved in the
/// next release asks the database, and only when its events name releases.
Status EventStore::Writer::decide_states(Attempt& attempt) {
  std::vector<LifeEventsOfIssue> waiting;
  std::unordered_map<std::int64_t, std::size_t> place;
  for (auto& issue : attempt.issues) {
    if (!waits_for_events(issue)) continue;
    place.emplace(issue.issue_id, waiting.size());
    waiting.push_back({&issue, {}, {}, state_of(issue)});
  }
  if (waiting.empty()) return {};
  for (const auto* event : attempt.stored) {
    const auto found = place.find(event->issue_id);
    if (found == place.end()) continue;
    auto& issue = waiting[found->second];
    issue.events.push_back(event);
    issue.life_events.push_back({event->received, release_label(event->release), 0});
  }
  if (auto status = identify_releases(waiting); !status) return status;
  const auto now = shared_.clock.now();
  for (auto& issue : waiting) add_transition(issue, now, attempt.transitions);
  return {};
}

Status EventStore::Writer::identify_releases(std::span<LifeEventsOfIssue> issues) {
  std::vector<std::int64_t> projects;
  std::vector<std::string_view> releases;
  const auto depends = [](const LifeEventsOfIssue& issue) {
    return issue.state.life && issue.state.life->next_release;
  };
  for (const auto& issue : issues) {
    if (!depends(issue)) continue;
    for (const auto& event : issue.life_events) {
      const bool again =
          !releases.empty() && releases.back() == event.release && projects.back() == issue.delta->project_id;
      if (event.release.empty() || again) continue;
      projects.push_back(issue.delta->project_id);
      releases.push_back(event.release);
    }
  }
  if (releases.empty()) return {};
  const auto rows = connection_->query(
      "select distinct r.project_id, r.version, r.id from unnest($1::integer[], $2::text[]) as d (project_id, version) "
      "join releases r on r.project_id = d.project_id and r.version = d.version",
      Params().integers(projects).texts(releases));
  if (!rows) return rows.error();
  for (std::size_t row = 0; row < rows->size(); ++row) {
    for (auto& issue : issues) {
      if (!depends(issue) || issue.delta->project_id != rows->integer(row, 0)) continue;
      for (auto& event : issue.life_events) {
        if (event.release == rows->text(row, 1)) event.release_id = rows->integer(row, 2);
      }
    }
  }
  return {};
}

}  // namespace mesher::postgres
