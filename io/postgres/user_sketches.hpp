#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <utility>

#include "io/postgres/hyperloglog.hpp"

namespace mesher::postgres {

/// The users' sketches of the issues that were busy last, as this process has seen them stored. The table may know more
/// (of other writers), never less: so a user that changes nothing here changes nothing there, and only the others need
/// the table. Where a split took users away, the issue has a new epoch, and what is known of an older one does not
/// count. Not thread-safe.
class UserSketches {
 public:
  static constexpr std::size_t kMaxIssues = 4096;  ///< about 8 MB at the very most

  /// Null if the issue is not known. Valid until the next put().
  [[nodiscard]] const HyperLogLog* find(std::uint32_t project_id, std::int64_t issue_id, std::int32_t epoch);
  void put(std::uint32_t project_id, std::int64_t issue_id, std::int32_t epoch, HyperLogLog sketch);
  [[nodiscard]] std::size_t size() const { return by_issue_.size(); }

 private:
  using Key = std::pair<std::uint32_t, std::int64_t>;
  struct Entry {
    Key key;
    std::int32_t epoch = 0;
    HyperLogLog sketch;
  };
  std::list<Entry> entries_;  // used last comes first
  std::map<Key, std::list<Entry>::iterator> by_issue_;
};

}  // namespace mesher::postgres
