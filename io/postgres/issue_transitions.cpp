#include "io/postgres/issue_transitions.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace mesher::postgres {
namespace {

using Json = nlohmann::ordered_json;
using nodes::LifeStep;

std::string kind_of(LifeStep step) {
  switch (step) {
    case LifeStep::regressed:
      return "regressed";
    case LifeStep::escalating:
      return "escalating";
    case LifeStep::unarchived:
      return "unarchived";
    case LifeStep::archived_again:
      return "archived_again";
    case LifeStep::none:
    case LifeStep::aged:
      break;
  }
  return {};
}

Call update_states(std::span<const IssueTransition> transitions) {
  std::vector<std::int64_t> projects, ids, moved;
  std::vector<std::string> statuses, substatuses, lives;
  std::vector<UnixMicros> wake_at;
  for (const auto& [project, issue, decision, kind, data] : transitions) {
    projects.push_back(project);
    ids.push_back(issue);
    moved.push_back(decision.step == LifeStep::none ? 0 : decision.step == LifeStep::regressed ? 2 : 1);
    statuses.push_back(decision.state.status);
    substatuses.push_back(decision.state.substatus);
    lives.push_back(decision.state.life ? decision.state.life->to_json() : "");
    wake_at.push_back(decision.wake_at.value_or(0));
  }
  Call call;
  call.sql =
      "update issues i set status = d.status, substatus = d.substatus, is_regressed = i.is_regressed or d.moved = 2,"
      " life = nullif(d.life, '')::jsonb,"
      " wake_at = case when d.moved > 0 or d.wake_at > 'epoch' then nullif(d.wake_at, 'epoch') else i.wake_at end,"
      " changed_at = case when d.moved > 0 then now() else i.changed_at end,"
      " version = i.version + case when d.moved > 0 then 1 else 0 end "
      "from unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::integer[])"
      " as d (project_id, id, status, substatus, life, wake_at, moved) "
      "where i.project_id = d.project_id and i.id = d.id";
  call.params.integers(projects).integers(ids).texts(statuses).texts(substatuses).texts(lives).times(wake_at);
  call.params.integers(moved);
  return call;
}

}  // namespace

nodes::IssueState state_of(const IssueDelta& issue) {
  nodes::IssueState state{issue.status, issue.substatus, std::nullopt};
  if (!issue.life.empty()) state.life = nodes::IssueLife::from_json(issue.life);
  return state;
}

void describe_activity(IssueTransition& transition, const nodes::Event* event) {
  const auto& decision = transition.decision;
  Json data = Json::object();
  if (event != nullptr) {
    data["event_id"] = event->id.hex();
    if (!event->release.empty()) data["release"] = event->release;
  }
  if (!decision.reason.empty()) data["reason"] = decision.reason;
  if (decision.step == LifeStep::escalating || decision.step == LifeStep::archived_again) {
    data["hourly"] = static_cast<std::int64_t>(decision.hourly);
    data["usual"] = std::round(decision.usual * 10) / 10;
  }
  transition.activity = kind_of(decision.step);
  transition.data = data.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_transition(LifeEventsOfIssue& issue, UnixMicros now, std::vector<IssueTransition>& transitions) {
  auto& delta = *issue.delta;
  const auto users = delta.user_count >= 0 ? delta.user_count : delta.users_before;
  IssueTransition transition{delta.project_id, delta.issue_id, {}, {}, {}};
  transition.decision = nodes::decide_on_events(std::move(issue.state), issue.life_events,
                                                delta.events_before + delta.events, users, now);
  if (transition.decision.step == LifeStep::none && !transition.decision.store_life) return;
  const bool regressed = transition.decision.step == LifeStep::regressed;
  describe_activity(transition, regressed ? issue.events[transition.decision.event] : nullptr);
  delta.transition = static_cast<int>(transitions.size());
  transitions.push_back(std::move(transition));
}

void describe_transition(const IssueTransition& transition, nodes::IssueChange& change) {
  const auto& decision = transition.decision;
  change.status = decision.state.status;
  change.substatus = decision.state.substatus;
  change.regressed = decision.step == LifeStep::regressed;
  change.escalating = decision.step == LifeStep::escalating;
  change.unarchived = decision.step == LifeStep::unarchived;
  change.hourly = decision.hourly;
  change.usual = decision.usual;
}

void append_transitions(std::span<const IssueTransition> transitions, std::vector<Call>& calls) {
  if (transitions.empty()) return;
  calls.push_back(update_states(transitions));
  std::vector<std::int64_t> projects, ids;
  std::vector<std::string> kinds, data;
  for (const auto& transition : transitions) {
    if (transition.activity.empty()) continue;
    projects.push_back(transition.project_id);
    ids.push_back(transition.issue_id);
    kinds.push_back(transition.activity);
    data.push_back(transition.data);
  }
  if (ids.empty()) return;
  auto& call = calls.emplace_back();
  call.sql =
      "insert into issue_activity (project_id, issue_id, kind, data) "
      "select * from unnest($1::integer[], $2::bigint[], $3::text[], $4::jsonb[])";
  call.params.integers(projects).integers(ids).texts(kinds).texts(data);
}

}  // namespace mesher::postgres
