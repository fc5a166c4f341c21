#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/postgres/connection.hpp"
#include "io/postgres/tally.hpp"
#include "nodes/event.hpp"
#include "nodes/issue_life.hpp"

/// Changes of issues' states as rows: read, decided by nodes/issue_life.hpp, and written with their activity.
namespace mesher::postgres {

/// An issue whose state events may change, and these events, in the order of storing.
struct LifeEventsOfIssue {
  IssueDelta* delta = nullptr;
  std::vector<const nodes::Event*> events;
  std::vector<nodes::LifeEvent> life_events;  ///< parallel to `events`
  nodes::IssueState state;
};

/// What is to be written.
struct IssueTransition {
  std::uint32_t project_id = 0;
  std::int64_t issue_id = 0;
  nodes::LifeDecision decision;
  std::string activity;  ///< kind of the row of issue_activity; empty: none
  std::string data;      ///< its data, JSON
};

[[nodiscard]] nodes::IssueState state_of(const IssueDelta& issue);

/// Decides; appends a transition, and notes its place in the delta, if anything changes.
void add_transition(LifeEventsOfIssue& issue, UnixMicros now, std::vector<IssueTransition>& transitions);

/// Fills in what became of the issue.
void describe_transition(const IssueTransition& transition, nodes::IssueChange& change);

/// What the activity says of it: kind and data (JSON); `event`: the one that caused it, or null.
void describe_activity(IssueTransition& transition, const nodes::Event* event);

/// Appends the statements that write all of them; nothing if there are none.
void append_transitions(std::span<const IssueTransition> transitions, std::vector<Call>& calls);

}  // namespace mesher::postgres
