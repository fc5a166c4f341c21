#pragma once

#include "graph/node.hpp"
#include "nodes/fingerprint_rules.hpp"
#include "nodes/grouping.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::nodes {

/// What the node does to one event: hashes, title, culprit and grouping_version are set; where one of the project's
/// rules (may be null) matches, also the fingerprint. What they point to lives in `arena`. Doing it again changes
/// nothing. With `why`, also tells how it came about: the same code path, so an explanation is never another story.
void fingerprint_event(Event& event, Grouper& grouper, Arena& arena, const FingerprintRules* rules = nullptr,
                       GroupingExplanation* why = nullptr);

/// Node type `fingerprint`: consumes and produces events. No options. `projects`: where the rules are; null: there are
/// none.
[[nodiscard]] graph::NodeSpec fingerprint_spec(const ports::ProjectDirectory* projects = nullptr);

}  // namespace mesher::nodes
