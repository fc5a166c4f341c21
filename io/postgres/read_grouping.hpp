#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "nodes/event.hpp"

/// What grouping has made of a project's events, for reading. Calls block; any thread. Errors: unavailable, internal.
namespace mesher::postgres {

class Pool;

/// The issues that these hashes lead to; those that lead to none are missing.
[[nodiscard]] Result<std::map<nodes::Fingerprint, std::int64_t>> issues_of_hashes(
    Pool& pool, std::uint32_t project_id, const std::vector<nodes::Fingerprint>& hashes);

/// What is needed to name an issue.
struct IssueName {
  std::int64_t id = 0, short_id = 0, event_count = 0;
  std::string project_slug, title, culprit, type, status;
  nodes::Level level = nodes::Level::error;
  UnixMicros last_seen = 0;
};
/// Those last seen at or after `from` and first seen before `to`, latest first, at most `limit`.
[[nodiscard]] Result<std::vector<IssueName>> latest_issues(Pool& pool, std::uint32_t project_id, UnixMicros from,
                                                           UnixMicros to, std::uint32_t limit);
/// Those of `ids` that exist and have events, in no order.
[[nodiscard]] Result<std::vector<IssueName>> issues_by_id(Pool& pool, std::uint32_t project_id,
                                                          const std::vector<std::int64_t>& ids);

/// An issue and how alike it is to the one asked for, 0 to 1.
struct SimilarIssue {
  IssueName issue;
  double likeness = 0;
};
/// The most alike first, at most `limit`, none below `least`. Compares with the latest kComparedIssues issues of the
/// project: reading 20,000 signatures costs about as much as any index on them would, and nothing when events are
/// stored.
constexpr std::uint32_t kComparedIssues = 20'000;
[[nodiscard]] Result<std::vector<SimilarIssue>> similar_issues(Pool& pool, std::uint32_t project_id,
                                                               std::int64_t issue_id, std::uint32_t limit,
                                                               double least);

}  // namespace mesher::postgres
