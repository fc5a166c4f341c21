#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "io/postgres/connection.hpp"
#include "io/postgres/event_rows.hpp"
#include "io/postgres/tag_limits.hpp"
#include "nodes/event.hpp"

/// Which tag values (environments, releases) each issue has met: the table issue_tags. Nearly all that events bring is
/// there already, and a process remembers what it has seen stored, so that only what is new costs a statement.
namespace mesher::postgres {

struct IssueTag {
  std::uint32_t project_id = 0;
  std::string key, value;
  std::int64_t issue_id = 0;
  std::uint64_t hash = 0;
};

/// Remembers at least kRemembered of the latest, at most twice as many. Not thread-safe.
class SeenIssueTags {
 public:
  static constexpr std::size_t kRemembered = 100'000;  ///< some 30 bytes each

  /// What these events bring that is not remembered, in the order of the table's key. Values that tag_days does not
  /// count by name are left out.
  [[nodiscard]] std::vector<IssueTag> unseen(std::span<nodes::Event* const> events, std::span<const EventPlace> places,
                                             TagLimits& limits);
  /// They are stored.
  void remember(const std::vector<IssueTag>& tags);

 private:
  [[nodiscard]] bool knows(std::uint64_t hash) const { return young_.contains(hash) || old_.contains(hash); }

  std::unordered_set<std::uint64_t> young_, old_;  // when the young one is full it becomes the old one
};

[[nodiscard]] Call add_issue_tags(const std::vector<IssueTag>& tags);

}  // namespace mesher::postgres
