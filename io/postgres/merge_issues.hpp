#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "nodes/event.hpp"

/// Merging, splitting, deleting and discarding of issues. Each call is one short transaction under the locks of the
/// project (which keeps others from making issues or moving hashes in it) and of the issues, taken in the order of the
/// writers. What later events do is decided at once; the rows of events follow in small batches (issue_moves.hpp), here
/// for a moment and then in the background. Calls block; any thread. Errors: unavailable, internal, not_found (`hint`
/// names which), and those named.
namespace mesher::postgres {

class Connection;
class Pool;

struct IssueRef {
  std::uint32_t project_id = 0;
  std::int64_t id = 0;
};

/// What else belongs to a change, written by its transaction; without it the change does not happen.
using NoteMove = std::function<Status(Connection&)>;
/// The same, of a split: with the id of the issue that it has made.
using NoteSplit = std::function<Status(Connection&, std::int64_t)>;

/// Hashes, counters, roll-ups, comments and activity of `sources` go to `target` at once; the sources' ids lead to it
/// from now on. Error: invalid if the target is among the sources.
[[nodiscard]] Status merge_issues(Pool& pool, const IssueRef& target, const std::vector<std::int64_t>& sources,
                                  std::uint32_t user_id, const NoteMove& note = {});

/// Makes a new issue of some of an issue's hashes; answers its id. Counters and roll-ups follow the events' rows, batch
/// by batch. Errors: invalid if it has no such hash or no other, or if no event can be found that has one of them.
[[nodiscard]] Result<std::int64_t> split_issue(Pool& pool, const IssueRef& issue,
                                               const std::vector<nodes::Fingerprint>& hashes, std::uint32_t user_id,
                                               const NoteSplit& note = {});

/// The issue is gone at once; an event of its hashes makes a new one. With `discard` such events are dropped before
/// they are stored, until restore_discarded().
[[nodiscard]] Status delete_issue(Pool& pool, const IssueRef& issue, bool discard, std::uint32_t user_id,
                                  const NoteMove& note = {});

/// Events of the hash are stored again, as those of a new issue. Error: not_found.
[[nodiscard]] Status restore_discarded(Pool& pool, std::uint32_t project_id, const nodes::Fingerprint& hash,
                                       const NoteMove& note = {});

struct DiscardedHash {
  std::string hash;  ///< hexadecimal
  std::string title;
  std::optional<std::uint32_t> discarded_by;
  UnixMicros discarded_at = 0;
};
/// By hash, from after `after` on.
[[nodiscard]] Result<std::vector<DiscardedHash>> list_discarded(Pool& pool, std::uint32_t project_id,
                                                                const std::string& after, std::uint32_t limit);

struct IssueHash {
  std::string hash;         ///< hexadecimal
  std::int64_t events = 0;  ///< of the issue's latest thousand
  std::string last_event;   ///< id of the latest of these; empty if there is none
};
/// All hashes that lead to the issue.
[[nodiscard]] Result<std::vector<IssueHash>> list_hashes(Pool& pool, const IssueRef& issue);

}  // namespace mesher::postgres
