#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/postgres/connection.hpp"

/// What becomes of search and roll-ups by day when issues are merged, split or deleted: statements for the transaction
/// that does it. What issue_texts and issue_tags hold of an issue goes with its row.
namespace mesher::postgres {

/// Before the rows of `from` are deleted: `target` takes over their words, tags and days.
void append_search_merge(std::uint32_t project_id, const std::vector<std::int64_t>& from, std::int64_t target,
                         std::vector<Call>& calls);

/// Events of an issue came (positive) or went (negative), by hour.
void append_day_changes(std::uint32_t project_id, std::int64_t issue, const std::map<UnixMicros, std::int64_t>& by_hour,
                        std::vector<Call>& calls);

/// An issue that was split off has its rows in events: the tags and words that they bring.
void append_search_split(std::uint32_t project_id, std::int64_t from, std::int64_t to, std::vector<Call>& calls);

/// Before the issue's row is deleted.
void append_search_delete(std::uint32_t project_id, std::int64_t issue, std::vector<Call>& calls);

}  // namespace mesher::postgres
