#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/params.hpp"
#include "nodes/issue_life.hpp"

/// Changes of issues by people. Each call is one transaction, which locks the issues in the order of the writers,
/// changes only those that differ from what is asked for, and writes the activity with all that undo_change() needs.
/// Calls block; any thread. Errors: unavailable, internal, and those named.
namespace mesher::postgres {

class Connection;
class Pool;

struct StateEdit {
  std::string status, substatus;
  nodes::IssueLife life;                    ///< `asked` is empty if nothing is waited for
  std::optional<std::int64_t> more_events;  ///< archived until the issue has so many more
  std::optional<std::int64_t> more_users;
};

struct IssueEdit {
  std::optional<StateEdit> state;
  bool assign = false;
  std::optional<std::uint32_t> user, team;  ///< with `assign`: to one of them, or to nobody
};

struct IssueSelection {
  std::vector<std::int64_t> ids;
  /// If set, instead of ids: a condition on `issues i`, whose values it adds to the parameters. Parameter 1 is the
  /// project's id already.
  std::function<std::string(Params&)> condition;
  std::optional<std::int64_t> version;  ///< the issues must have it
};

/// What became of an issue, for those who watch.
struct ChangedIssue {
  std::int64_t id = 0, event_count = 0;
  UnixMicros last_seen = 0;
  std::string status, substatus;
};
struct IssueChanges {
  static constexpr std::size_t kListed = 100;
  std::int64_t changed = 0, skipped = 0;
  std::int64_t change_id = 0;        ///< for undo_change(); 0 if nothing has changed
  std::vector<ChangedIssue> issues;  ///< at most kListed of them
};

/// What else belongs to a change, written by its transaction; without it the change does not happen. Not called if
/// nothing has changed.
using NoteChanges = std::function<Status(Connection&, const IssueChanges&)>;

[[nodiscard]] Result<IssueChanges> change_issues(Pool& pool, std::uint32_t project_id, const IssueSelection& selection,
                                                 const IssueEdit& edit, std::uint32_t user_id,
                                                 const NoteChanges& note = {});

/// Takes a change back for those of its issues that have not been changed since; the others are counted as skipped.
/// Is a change itself. Error: not_found.
[[nodiscard]] Result<IssueChanges> undo_change(Pool& pool, std::uint32_t project_id, std::int64_t change_id,
                                               std::uint32_t user_id, const NoteChanges& note = {});

/// Fills in which releases are known now, for an issue to be resolved in the next one.
[[nodiscard]] Status wait_for_next_release(Pool& pool, std::uint32_t project_id, nodes::IssueLife& life);

/// Whether an issue of the organisation may be assigned to them.
[[nodiscard]] Result<bool> is_member(Pool& pool, std::uint32_t organization_id, std::uint32_t user_id);
[[nodiscard]] Result<bool> is_team(Pool& pool, std::uint32_t organization_id, std::uint32_t team_id);

/// Who changed the issue last, for the one who came too late: an e-mail address or "Mesher", and what was done.
struct LastChange {
  std::string who, kind;
  UnixMicros at = 0;
};
[[nodiscard]] Result<std::optional<LastChange>> last_change(Pool& pool, std::uint32_t project_id,
                                                            std::int64_t issue_id);

}  // namespace mesher::postgres
