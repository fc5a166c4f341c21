#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/read_issues.hpp"

/// Tags, environments and releases, from the sums of the days (tally.hpp). Calls block; any thread. Errors:
/// unavailable, internal.
namespace mesher::postgres {

class Pool;

struct TagKey {
  std::string key;
  std::int64_t events = 0;
  std::int64_t values = 0;  ///< distinct ones that are counted by name, on the day that has most
};
struct TagValue {
  std::string value;  ///< empty: those beyond the limits of what is counted by name
  std::int64_t events = 0;
};

/// Place in a list that is ordered by number of events, largest first, and then by name.
struct TagPosition {
  std::int64_t events = 0;
  std::string name;
};

/// UTC days from `from` up to and with the one that holds `to`.
struct TagListing {
  std::uint32_t project_id = 0;
  UnixMicros from = 0, to = 0;
  std::string prefix;  ///< of the key or the value, in any case of letters
  std::optional<TagPosition> after;
  std::uint32_t limit = 25;
};
[[nodiscard]] Result<std::vector<TagKey>> list_tag_keys(Pool& pool, const TagListing& listing);
[[nodiscard]] Result<std::vector<TagValue>> list_tag_values(Pool& pool, const TagListing& listing,
                                                            const std::string& key);
/// The same for an environment or a release, of the hours in [from, to): both begin with an hour.
[[nodiscard]] Result<std::vector<TagValue>> list_values_by_hour(Pool& pool, const TagListing& listing,
                                                                const std::string& key);

/// How the latest events of an issue spread over the values of their tags.
struct IssueTags {
  struct Value {
    std::string key;
    std::int64_t events_of_key = 0;
    std::string value;
    std::int64_t events = 0;
  };
  std::int64_t events = 0;    ///< that were looked at
  std::vector<Value> values;  ///< keys with most events first, and of each its most frequent values
};
constexpr std::uint32_t kIssueTagEvents = 1000;
constexpr std::uint32_t kIssueTagValues = 10;
[[nodiscard]] Result<IssueTags> issue_tags(Pool& pool, const IssueRow& issue);

}  // namespace mesher::postgres
