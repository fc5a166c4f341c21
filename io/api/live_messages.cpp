#include "io/api/live_messages.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace mesher::api {

void tell_watchers(Call& call, std::uint32_t project_id, const postgres::IssueChanges& changes) {
  if (!call.api.live || !call.api.live_update || changes.changed == 0) return;
  if (static_cast<std::size_t>(changes.changed) > changes.issues.size()) {
    const Json message{{"type", "issues_changed"}, {"project_id", project_id}, {"count", changes.changed}};
    return call.api.live(project_id, message.dump());
  }
  for (const auto& issue : changes.issues) {
    nodes::IssueChange change;
    change.project_id = project_id;
    change.issue_id = issue.id;
    change.event_count = static_cast<std::uint64_t>(issue.event_count);
    change.last_seen = issue.last_seen;
    change.status = issue.status;
    change.substatus = issue.substatus;
    call.api.live_update(change);
  }
}

}  // namespace mesher::api
