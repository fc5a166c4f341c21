#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/params.hpp"
#include "nodes/event.hpp"
#include "nodes/query/ast.hpp"

/// Issues, for reading. Calls block; any thread. Errors: unavailable, internal. Issues of which no event is stored yet
/// do not exist here.
namespace mesher::postgres {

class Pool;

struct IssueRow {
  std::uint32_t project_id = 0;
  std::int64_t id = 0;
  std::int64_t short_id = 0;
  std::string project_slug;
  std::string title, culprit, type, platform, status, substatus, first_release;
  std::string fingerprint;  ///< hexadecimal, the hash that the issue was created for
  nodes::Level level = nodes::Level::error;
  bool is_regressed = false;
  std::int64_t event_count = 0, user_count = 0;
  UnixMicros first_seen = 0, last_seen = 0;          ///< when they happened
  UnixMicros first_received = 0, last_received = 0;  ///< when they came
  std::int64_t trend = 0;                            ///< in lists that are sorted by it
  std::optional<std::uint32_t> assigned_user, assigned_team;
  std::int64_t version = 0;  ///< counts changes of state and assignment
  std::string waits_for;     ///< what a resolved or archived issue waits for, as it was asked for: JSON, or empty
};

enum class IssueSort : std::uint8_t {
  last_seen,
  first_seen,
  event_count,
  user_count,
  trend,  ///< events received in the last 24 hours
};

/// Place of an issue in a sorted list: the value it is sorted by (times in micros) and its id.
struct IssuePosition {
  std::int64_t value = 0;
  std::int64_t id = 0;
};
[[nodiscard]] IssuePosition position_of(const IssueRow& issue, IssueSort sort);

struct IssueListing {
  std::uint32_t project_id = 0;
  query::Node query;
  std::uint32_t user_id = 0;       ///< who is `me` in the query
  UnixMicros now = 0;              ///< what its relative times are relative to
  std::optional<UnixMicros> from;  ///< an event was received at or after
  std::optional<UnixMicros> to;    ///< the first event was received before
  IssueSort sort = IssueSort::last_seen;
  std::optional<IssuePosition> after;
  std::uint32_t limit = 25;
};
/// Largest or latest first.
[[nodiscard]] Result<std::vector<IssueRow>> list_issues(Pool& pool, const IssueListing& listing);

/// The part of the listing that says which issues, as a condition on `issues i`; values go into `params`, whose
/// first is the project's id.
[[nodiscard]] std::string issue_condition(const IssueListing& listing, Params& params);

/// The issue, or the one that it was merged into, if it is in a project of one of these organisations.
[[nodiscard]] Result<std::optional<IssueRow>> find_issue(Pool& pool, std::int64_t id,
                                                         const std::vector<std::uint32_t>& organization_ids);

/// Those of a project's issues that exist, in any order.
[[nodiscard]] Result<std::vector<IssueRow>> find_issues(Pool& pool, std::uint32_t project_id,
                                                        const std::vector<std::int64_t>& ids);

/// Events of the 24 hours that end with the hour of `now`, oldest first.
using Sparkline = std::array<std::int64_t, 24>;
/// Parallel to `issue_ids`.
[[nodiscard]] Result<std::vector<Sparkline>> sparklines(Pool& pool, std::uint32_t project_id,
                                                        const std::vector<std::int64_t>& issue_ids, UnixMicros now);

}  // namespace mesher::postgres
