#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Log lines made from tests/data/log_templates.txt with seeded random values, for tests and benchmarks of grouping.
namespace mesher::testing {

struct LogLine {
  std::string text;
  std::size_t origin = 0;  ///< number of its template: lines of one template belong together
};

/// The templates, without comments.
std::vector<std::string> log_templates();

/// Each template filled in `times` times. Equal arguments give equal lines.
std::vector<LogLine> log_lines(std::uint64_t seed, int times);

/// Share of lines whose group, by `keys` (parallel to lines), holds exactly the lines of its template. Templates that
/// are not exact are appended to `wrong`, if given.
double exact_group_accuracy(const std::vector<LogLine>& lines, const std::vector<std::string>& keys,
                            std::vector<std::size_t>* wrong = nullptr);

}  // namespace mesher::testing
