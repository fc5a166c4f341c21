#include "io/postgres/issue_keeper.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/log.hpp"
#include "io/postgres/issue_moves.hpp"
#include "io/postgres/issue_transitions.hpp"

namespace mesher::postgres {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAtOnce = 200;
constexpr std::chrono::milliseconds kFirstPause = 100ms, kLongestPause = 5s;

nodes::IssueChange change_of(const Rows& rows, std::size_t i) {
  nodes::IssueChange change;
  change.project_id = static_cast<std::uint32_t>(rows.integer(i, 0));
  change.issue_id = rows.integer(i, 1);
  change.event_count = static_cast<std::uint64_t>(rows.integer(i, 2));
  change.last_seen = rows.time(i, 3);
  return change;
}

/// Takes whose time has come, leaving out what a writer holds: the next look will find it.
Result<Rows> select_waking(Connection& connection) {
  return connection.query(
      "with due as materialized (select project_id, id, event_count, last_seen, status, substatus, life, first_seen"
      " from issues where wake_at <= now() order by wake_at limit $1::integer for update skip locked) "
      "select d.project_id, d.id, d.event_count, d.last_seen, d.status, d.substatus, d.life,"
      " coalesce((select max(h.events) from issue_hours h where h.project_id = d.project_id and h.issue_id = d.id"
      "  and h.hour >= date_trunc('hour', now()) - interval '1 hour'), 0),"
      " coalesce((select sum(h.events) from issue_hours h where h.project_id = d.project_id and h.issue_id = d.id"
      "  and h.hour >= now() - interval '7 days'), 0)::float8"
      " / greatest(1.0, least(168.0, extract(epoch from now() - d.first_seen)::float8 / 3600)) "
      "from due d",
      Params().integer(kAtOnce));
}

}  // namespace

Result<std::size_t> wake_issues(Connection& connection, UnixMicros now, const IssueKeeper::Tell& tell) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  const auto rows = select_waking(connection);
  if (!rows) return rows.error();
  std::vector<IssueTransition> transitions;
  std::vector<nodes::IssueChange> changes;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    nodes::IssueState state{std::string(rows->text(i, 4)), std::string(rows->text(i, 5)), std::nullopt};
    if (!rows->is_null(i, 6)) state.life = nodes::IssueLife::from_json(rows->text(i, 6));
    auto change = change_of(*rows, i);
    IssueTransition transition{change.project_id, change.issue_id, {}, {}, {}};
    transition.decision =
        nodes::decide_on_waking(std::move(state), static_cast<double>(rows->integer(i, 7)), rows->real(i, 8), now);
    // Nothing to do and nothing to wait for: it was woken for a state that it has left.
    if (transition.decision.step == nodes::LifeStep::none && !transition.decision.wake_at) {
      transition.decision.step = nodes::LifeStep::aged;
    }
    describe_activity(transition, nullptr);
    if (transition.decision.step != nodes::LifeStep::none) {
      describe_transition(transition, change);
      changes.push_back(std::move(change));
    }
    transitions.push_back(std::move(transition));
  }
  std::vector<Call> calls;
  append_transitions(transitions, calls);
  if (!calls.empty()) {
    const auto done = connection.run(calls);
    if (!done) return done.error();
  }
  if (auto status = transaction->commit(); !status) return status.error();
  if (tell) std::for_each(changes.begin(), changes.end(), tell);
  return rows->size();
}

IssueKeeper::IssueKeeper(ConnectOptions options, const Clock& clock, Health& health, Tell tell)
    : options_(std::move(options)), clock_(clock), health_(health), tell_(std::move(tell)) {}

IssueKeeper::~IssueKeeper() = default;

void IssueKeeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void IssueKeeper::run(const std::stop_token& stop) {
  auto pause = kFirstPause;
  while (!stop.stop_requested()) {
    const auto began = std::chrono::steady_clock::now();
    const auto status = keep(stop);
    if (status) return;
    health_.fails("issue keeper", status.error());
    log::warn("issues", "states and moves wait: {}", status.error().message);
    if (std::chrono::steady_clock::now() - began > kLongestPause) pause = kFirstPause;
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, stop, pause, [] { return false; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

/// True if there may be more to do. An idle server pays one round trip.
Result<bool> IssueKeeper::look_after(Connection& connection) {
  const auto due =
      connection.query("select exists (select from issues where wake_at <= now()), exists (select from issue_moves)");
  if (!due) return due.error();
  bool busy = false;
  if (due->boolean(0, 0)) {
    const auto woken = wake_issues(connection, clock_.now(), tell_);
    if (!woken) return woken.error();
    busy = *woken == kAtOnce;
  }
  if (due->boolean(0, 1)) {
    const auto moved = move_some(connection);
    if (!moved) return moved.error();
    busy = busy || *moved;
  }
  return busy;
}

/// One session, until the connection fails or a stop is requested.
Status IssueKeeper::keep(const std::stop_token& stop) {
  auto connection = Connection::open(options_);
  if (!connection) return connection.error();
  if (auto status = connection->execute(std::string("listen ") + kMovesChannel); !status) return status;
  while (!stop.stop_requested()) {
    const auto busy = look_after(*connection);
    if (!busy) return busy.error();
    health_.works("issue keeper");
    if (*busy) continue;
    // Short waits, so that a stop is noticed soon.
    const auto until = std::chrono::steady_clock::now() + kLookEvery;
    while (!stop.stop_requested() && !connection->broken() && std::chrono::steady_clock::now() < until) {
      if (connection->wait_notification(250ms)) break;
    }
  }
  return {};
}

}  // namespace mesher::postgres
