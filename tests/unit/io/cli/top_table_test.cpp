#include "io/cli/top_table.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "io/cli/tap_command.hpp"

namespace mesher::cli {
namespace {

std::string answer(int items, double busy, int errors) {
  return R"({"generation":3,"healthy":true,"reason":null,"nodes":[
    {"name":"parse","type":"parse","buffer":16,"figures":{"health":"ok","items_in":)" +
         std::to_string(items) + R"(,"items_out":)" + std::to_string(items / 2) + R"(,"bytes_in":2048,"errors":)" +
         std::to_string(errors) +
         R"(,"quarantined":0,"drops":{"filtered":7},"buffer":16,"inside":4,"waits":2,"busy_seconds":)" +
         std::to_string(busy) + R"(}},
    {"name":"write","type":"batch_write","buffer":16,"figures":{"health":"failing","items_in":5,"items_out":5,"bytes_in":0,
     "errors":0,"quarantined":0,"drops":{},"buffer":16,"inside":16,"waits":0,"busy_seconds":0}}]})";
}

std::vector<std::string> words(const std::string& table, std::size_t row) {
  std::istringstream lines(table);
  std::string line;
  for (std::size_t i = 0; i <= row; ++i) std::getline(lines, line);
  std::istringstream in(line);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

TEST(GRAPH_07_top, shows_what_grew_between_two_looks) {
  const auto before = read_top_sample(answer(1000, 1.0, 1));
  const auto now = read_top_sample(answer(3000, 1.5, 4));
  ASSERT_TRUE(before && now);
  const auto table = top_table(*before, *now, 2.0, TopOrder::graph);
  EXPECT_EQ(words(table, 1),
            (std::vector<std::string>{"parse", "parse", "ok", "1000", "500", "0", "25%", "0.25", "3", "0", "0"}));
  EXPECT_EQ(words(table, 2)[2], "failing");
  EXPECT_EQ(words(table, 2)[6], "100%");
}

TEST(GRAPH_07_top, sorts_and_starts_anew_with_a_new_node) {
  const auto before = read_top_sample(answer(5000, 9.0, 9));
  const auto now = read_top_sample(answer(100, 0.1, 0));  // made anew meanwhile
  ASSERT_TRUE(before && now);
  EXPECT_EQ(words(top_table(*before, *now, 1.0, TopOrder::fill), 1)[0], "write");
  EXPECT_EQ(words(top_table(*before, *now, 1.0, TopOrder::in), 1)[3], "100");
  auto order = TopOrder::graph;
  for (int i = 0; i < 6; ++i) order = next(order);
  EXPECT_EQ(order, TopOrder::graph);
  EXPECT_FALSE(read_top_sample("{}"));
  EXPECT_FALSE(read_top_sample("nonsense"));
}

TEST(GRAPH_07_tap_command, events_are_lines_for_people) {
  const auto text = pretty_tap(
      R"({"type":"event","node":"n","output":0,"skipped":12,"event":{"id":"ab","project_id":1,"received":"2026-01-01T00:00:00.000Z",)"
      R"("level":"error","message":"two\nlines \u001b[31m","tags":{"region":"eu"}}})");
  EXPECT_EQ(text,
            "    … 12 more went by\n2026-01-01T00:00:00.000Z error   project 1 ab  two lines  [31m\n    region=eu\n");
  EXPECT_EQ(pretty_tap(R"({"type":"tapping","node":"n"})"), "");
}

}  // namespace
}  // namespace mesher::cli
