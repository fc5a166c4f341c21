#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

/// What `mesher top` shows, from the answers of GET /api/v1/graph. Pure.
namespace mesher::cli {

struct TopNode {
  std::string name, type, health;
  std::uint64_t items_in = 0, items_out = 0, bytes_in = 0, errors = 0, quarantined = 0, drops = 0, waits = 0;
  std::uint32_t buffer = 0, inside = 0;
  double busy_seconds = 0;
};

struct TopSample {
  std::uint64_t generation = 0;
  bool healthy = true;
  std::string reason;
  std::vector<TopNode> nodes;  ///< in the order of the graph
};
/// Error: invalid.
[[nodiscard]] Result<TopSample> read_top_sample(std::string_view json);

enum class TopOrder : std::uint8_t { graph, in, fill, busy, errors, waits };
[[nodiscard]] TopOrder next(TopOrder order);
[[nodiscard]] std::string_view name_of(TopOrder order);

/// A row for each node: events a second in and out, share of its room in use, busy cores, and how many errors, drops
/// and waits there were between the two samples, `seconds` apart. Columns are aligned.
[[nodiscard]] std::string top_table(const TopSample& before, const TopSample& now, double seconds, TopOrder order);

}  // namespace mesher::cli
