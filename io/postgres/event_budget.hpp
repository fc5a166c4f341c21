#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

/// Keeps the stored events of a project within its budget: of the issues that have most, it deletes events until all
/// fit.
///
/// Every issue keeps its first events, its latest ones, and of those in between a sample that thins out as more arrive:
/// those whose ids have the smallest hashes, so that what was kept once goes only when fewer can be kept. Issues with
/// few events keep all. Counts and roll-ups are not touched.
namespace mesher::postgres {

constexpr std::uint64_t kFewestOfIssue = 20;  ///< what every issue keeps, even if that is more than the budget
constexpr std::uint64_t kFirstOfIssue = 5;    ///< the first events of an issue, which tell how it began

/// How many events an issue may keep so that issues with `counts` events have at most `budget` together; at least
/// kFewestOfIssue.
[[nodiscard]] std::uint64_t share_of_budget(std::vector<std::uint64_t> counts, std::uint64_t budget);

struct Thinned {
  std::uint64_t events = 0, blocks = 0;
};

/// Does nothing until a project is a twentieth above its budget, so that not every event makes work. In small batches;
/// calls `go_on` between them, false ends it early. `dry_run`: only counts. Errors: unavailable, internal.
[[nodiscard]] Result<Thinned> thin_project(Connection& connection, std::uint32_t project_id, std::uint64_t budget,
                                           bool dry_run, const std::function<bool()>& go_on);

}  // namespace mesher::postgres
