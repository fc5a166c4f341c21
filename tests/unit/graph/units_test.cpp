#include "graph/units.hpp"

#include <gtest/gtest.h>

#include "graph/suggest.hpp"

namespace mesher::graph {
namespace {

TEST(GRAPH_01_units, reads_sizes) {
  EXPECT_EQ(*parse_bytes("4 MiB"), 4 << 20);
  EXPECT_EQ(*parse_bytes("512KiB"), 512 << 10);
  EXPECT_EQ(*parse_bytes("1.5 GiB"), 3LL << 29);
  EXPECT_EQ(*parse_bytes("20 MB"), 20'000'000);
  EXPECT_EQ(*parse_bytes(" 100 B "), 100);
  EXPECT_EQ(*parse_bytes("100"), 100);
  EXPECT_EQ(*parse_bytes("4 mib"), 4 << 20);
  EXPECT_EQ(*parse_bytes("0"), 0);
}

TEST(GRAPH_01_units, refuses_what_is_no_size) {
  for (const char* text : {"", "MiB", "-1 B", "-0", "4 MiB x", "4 Mib/s", "1e400", "nan", "inf", "1e5", "0x10",
                           "4 minutes", "99999999 TiB"}) {
    EXPECT_FALSE(parse_bytes(text).has_value()) << text;
  }
}

TEST(GRAPH_01_units, reads_durations) {
  EXPECT_EQ(*parse_duration("250 ms"), 250'000);
  EXPECT_EQ(*parse_duration("5s"), 5'000'000);
  EXPECT_EQ(*parse_duration("1 h"), 3'600'000'000);
  EXPECT_EQ(*parse_duration("1.5 min"), 90'000'000);
  EXPECT_EQ(*parse_duration("10 m"), 600'000'000);
  EXPECT_EQ(*parse_duration("30 us"), 30);
  EXPECT_EQ(*parse_duration("7 d"), 604'800'000'000);
  EXPECT_EQ(*parse_duration("0"), 0);
}

TEST(GRAPH_01_units, refuses_what_is_no_duration) {
  for (const char* text : {"", "5", "s", "-1 s", "1 year", "5 S", "1 h 30 min", "300000000 d"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
  EXPECT_NE(parse_duration("5").error().hint, "");
}

TEST(GRAPH_01_units, writes_what_it_reads_again) {
  for (const std::int64_t value : {0LL, 1LL, 999LL, 1'000LL, 1024LL, 1'000'000LL, 90'000'000LL, 4LL << 20, 7LL << 40}) {
    EXPECT_EQ(*parse_bytes(format_bytes(value)), value);
    EXPECT_EQ(*parse_duration(format_duration(value)), value);
  }
  EXPECT_EQ(format_bytes(4 << 20), "4 MiB");
  EXPECT_EQ(format_duration(250'000), "250 ms");
}

TEST(GRAPH_02_suggest, finds_the_name_that_was_meant) {
  const std::vector<std::string> names{"buffer", "when_full", "inputs", "concurrency"};
  EXPECT_EQ(nearest("bufer", names), "buffer");
  EXPECT_EQ(nearest("buffre", names), "buffer");
  EXPECT_EQ(nearest("input", names), "inputs");
  EXPECT_EQ(nearest("whenfull", names), "when_full");
  EXPECT_EQ(nearest("colour", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(10'000, 'x'), names), "");
  EXPECT_EQ(suggestion("colour", {"a", "b"}), "there is `a`, `b`");
  EXPECT_EQ(suggestion("colour", {}), "");
}

}  // namespace
}  // namespace mesher::graph
