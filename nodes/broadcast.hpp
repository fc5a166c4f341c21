#pragma once

#include <string>

#include "graph/node.hpp"
#include "nodes/event.hpp"
#include "nodes/ports/broadcaster.hpp"

namespace mesher::nodes {

/// Node type `broadcast`: gives stored events to the live watchers of their project, with notices of new and regressed
/// issues and the new counts of issues. Costs nothing for projects that nobody watches; each message is serialised
/// once, whatever the number of watchers.
[[nodiscard]] graph::NodeSpec broadcast_spec(ports::Broadcaster* broadcaster);

/// The messages, as CONTRACT's live stream describes them (schema/live.md).
[[nodiscard]] std::string event_message(const Event& event);
[[nodiscard]] std::string issue_message(std::string_view type, const Event& event);
[[nodiscard]] std::string issue_update_message(const IssueChange& change);
[[nodiscard]] std::string escalation_message(const IssueChange& change);

}  // namespace mesher::nodes
