#pragma once

#include "nodes/event.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::nodes {

/// What search finds an issue by, of its first event: type and values of its exceptions, message, names of the frames,
/// innermost first, at most 100 of a kind and 200 characters each.
[[nodiscard]] ports::IssueText issue_text(const Event& event);

}  // namespace mesher::nodes
