#include "nodes/coerce.hpp"

#include <gtest/gtest.h>

namespace mesher::nodes {
namespace {

constexpr UnixMicros kNoon = 1'717'243'200'000'000;  // 2024-06-01T12:00:00Z

TEST(INGEST_02_times, rfc3339_in_all_its_forms) {
  const std::pair<const char*, UnixMicros> cases[] = {
      {"2024-06-01T12:00:00Z", kNoon},
      {"2024-06-01t12:00:00z", kNoon},
      {"2024-06-01 12:00:00", kNoon},
      {"2024-06-01T12:00:00", kNoon},
      {"2024-06-01T12:00:00.5Z", kNoon + 500'000},
      {"2024-06-01T12:00:00.123456Z", kNoon + 123'456},
      {"2024-06-01T12:00:00.123456789Z", kNoon + 123'456},
      {"2024-06-01T12:00:00.000000999999Z", kNoon},
      {"2024-06-01T14:00:00+02:00", kNoon},
      {"2024-06-01T14:00:00.25+0200", kNoon + 250'000},
      {"2024-06-01T02:30:00-09:30", kNoon},
      {"2024-06-01T14:00:00+02", kNoon},
      {"1970-01-01T00:00:00Z", 0},
      {"1969-12-31T23:59:59.5Z", -500'000},
      {"2100-01-01T00:00:00Z", 4'102'444'800'000'000},
      {"2024-02-29T00:00:00Z", 1'709'164'800'000'000},
      {"2016-12-31T23:59:60Z", 1'483'228'799'000'000},
  };
  for (const auto& [text, micros] : cases) {
    const auto time = parse_rfc3339(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(*time, micros) << text;
  }
}

TEST(INGEST_02_times, what_is_no_time_is_none) {
  for (const std::string_view text : {"",
                                      "2024",
                                      "2024-06-01",
                                      "2024-06-01T12:00",
                                      "2024-13-01T12:00:00Z",
                                      "2024-00-01T12:00:00Z",
                                      "2024-06-31T12:00:00Z",
                                      "2023-02-29T12:00:00Z",
                                      "2024-06-01T24:00:00Z",
                                      "2024-06-01T12:60:00Z",
                                      "2024-06-01T12:00:61Z",
                                      "2024-06-01T12:00:00.Z",
                                      "2024-06-01T12:00:00ZZ",
                                      "2024-06-01T12:00:00+2",
                                      "2024-06-01T12:00:00+99:00",
                                      "0000-01-01T00:00:00Z",
                                      "2024-06-01X12:00:00Z",
                                      "24-06-01T12:00:00Z",
                                      "2024-06-01T12:00:00 ",
                                      "yesterday",
                                      "-2024-06-01T12:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(INGEST_02_times, unix_seconds_whole_and_fractional) {
  EXPECT_EQ(parse_unix_seconds("1717243200"), kNoon);
  EXPECT_EQ(parse_unix_seconds("1717243200.25"), kNoon + 250'000);
  EXPECT_EQ(parse_unix_seconds("1.7172432e9"), kNoon);
  EXPECT_EQ(parse_unix_seconds("0"), 0);
  EXPECT_EQ(parse_unix_seconds("-1.5"), -1'500'000);
  for (const std::string_view text :
       {"", "x", "1e300", "999999999999", "-99999999999999", "nan", "inf", "1717243200x"}) {
    EXPECT_FALSE(parse_unix_seconds(text)) << text;
  }
}

TEST(INGEST_02_text, characters_are_code_points) {
  EXPECT_EQ(characters("aé😀"), 3U);
  EXPECT_EQ(first_characters("aé😀b", 3), "aé😀");
  EXPECT_EQ(first_characters("aé", 9), "aé");
  EXPECT_EQ(first_characters("abc", 0), "");
  EXPECT_EQ(trim(" \t\n a b \r\n"), "a b");
  EXPECT_EQ(trim("  "), "");
}

TEST(INGEST_07_text, paths_of_urls) {
  EXPECT_EQ(url_path("https://a.example/js/app.js?v=1#x"), "/js/app.js");
  EXPECT_EQ(url_path("app:///main.js"), "/main.js");
  EXPECT_EQ(url_path("https://a.example"), "");
  EXPECT_EQ(url_path("https://a.example/"), "/");
  EXPECT_EQ(url_path("/usr/lib/a.js"), "");
  EXPECT_EQ(url_path("C:\\a\\b.js"), "");
  EXPECT_EQ(url_path("://x/y"), "");
}

TEST(INGEST_02_text, addresses) {
  EXPECT_TRUE(is_ip_address("203.0.113.9"));
  EXPECT_TRUE(is_ip_address("2001:db8::1"));
  EXPECT_FALSE(is_ip_address(""));
  EXPECT_FALSE(is_ip_address("203.0.113"));
  EXPECT_FALSE(is_ip_address("203.0.113.9.1"));
  EXPECT_FALSE(is_ip_address(std::string(100, '1')));
}

}  // namespace
}  // namespace mesher::nodes
