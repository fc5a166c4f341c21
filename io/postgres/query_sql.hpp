#pragma once

#include <cstdint>
#include <string>

#include "graph/base/clock.hpp"
#include "io/postgres/params.hpp"
#include "nodes/query/ast.hpp"

/// Search queries as conditions in SQL. Only the shape of a text depends on the query; all that was written into it is
/// passed as parameters, never more than kMostParametersOfValue for a value. Pure functions.
namespace mesher::postgres {

constexpr int kMostParametersOfValue = 3;

/// What a query is asked with.
struct QueryContext {
  std::uint32_t user_id = 0;  ///< who is `me`
  UnixMicros now = 0;         ///< what relative times are relative to
  int project_parameter = 1;  ///< number of the parameter that is the project's id
};

/// A condition on `issues i` (with project_id = the project); "true" for the empty query. Adds its values to `params`.
[[nodiscard]] std::string issue_condition(const query::Node& query, const QueryContext& context, Params& params);

/// A condition on `events e`, likewise.
[[nodiscard]] std::string event_condition(const query::Node& query, const QueryContext& context, Params& params);

/// What the words of a block (event_blocks.words) must fulfil for it to hold an event that satisfies the query: a
/// tsquery in text form; empty if every block may.
[[nodiscard]] std::string block_condition(const query::Node& query);

}  // namespace mesher::postgres
