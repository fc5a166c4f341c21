#include "io/cli/fingerprint_command.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace mesher::cli {
namespace {

struct Run {
  int code = 0;
  std::vector<std::string> lines;
  std::string errors;
};

Run run(const std::string& input, FingerprintOptions options) {
  std::istringstream in(input);
  std::ostringstream out, errors;
  Run result;
  result.code = run_fingerprint(in, out, errors, options);
  result.errors = errors.str();
  std::istringstream printed(out.str());
  for (std::string line; std::getline(printed, line);) result.lines.push_back(line);
  return result;
}

TEST(GROUP_01_fingerprint_command, prints_one_fingerprint_per_line_in_order) {
  const auto got =
      run("took 5 ms\nlost the disk\ntook 17 ms\n\r\n\n", {.lines = true, .rules_file = {}, .explain = false});
  EXPECT_EQ(got.code, 0);
  ASSERT_EQ(got.lines.size(), 5U);
  EXPECT_EQ(got.lines[0].size(), 32U);
  EXPECT_EQ(got.lines[0], got.lines[2]);
  EXPECT_NE(got.lines[0], got.lines[1]);
  EXPECT_EQ(got.lines[3], got.lines[4]);
}

TEST(GROUP_01_fingerprint_command, reads_events_as_ndjson) {
  const auto got = run("{\"message\":\"took 5 ms\"}\n\n{\"message\":\"took 6 ms\",\"level\":\"info\"}\n", {});
  EXPECT_EQ(got.code, 0);
  ASSERT_EQ(got.lines.size(), 2U);
  EXPECT_EQ(got.lines[0], got.lines[1]);
  EXPECT_EQ(got.lines[0], run("took 5 ms\n", {.lines = true, .rules_file = {}, .explain = false}).lines[0]);
}

TEST(GROUP_01_fingerprint_command, a_line_that_is_no_event_keeps_its_place) {
  const auto got = run("{\"message\":\"a\"}\nnonsense\n{\"message\":\"b\"}\n", {});
  EXPECT_EQ(got.code, 1);
  ASSERT_EQ(got.lines.size(), 3U);
  EXPECT_TRUE(got.lines[1].starts_with("invalid: ")) << got.lines[1];
}

TEST(GROUP_01_fingerprint_command, explains_in_indented_lines) {
  const auto got = run("took 5 ms\n", {.lines = true, .rules_file = {}, .explain = true});
  ASSERT_GT(got.lines.size(), 2U);
  EXPECT_EQ(got.lines[0], run("took 5 ms\n", {.lines = true, .rules_file = {}, .explain = false}).lines[0]);
  bool told = false;
  for (std::size_t i = 1; i < got.lines.size(); ++i) {
    EXPECT_TRUE(got.lines[i].starts_with("  ")) << got.lines[i];
    told = told || got.lines[i].find("took <time>") != std::string::npos;
  }
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace mesher::cli
