#include "io/api/times.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mesher::api {
namespace {

TEST(API_times, are_written_in_utc_with_milliseconds) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'767'323'045'678'901), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(iso_day(1'767'323'045'678'901), "2026-01-02");
}

TEST(API_times, are_read_as_people_write_them) {
  constexpr UnixMicros kTime = 1'767'323'045'000'000;
  EXPECT_EQ(parse_time("2026-01-02T03:04:05Z"), kTime);
  EXPECT_EQ(parse_time("2026-01-02T03:04:05.678Z"), kTime + 678'000);
  EXPECT_EQ(parse_time("2026-01-02T03:04:05.123456789Z"), kTime + 123'456);
  EXPECT_EQ(parse_time("2026-01-02T05:34:05+02:30"), kTime);
  EXPECT_EQ(parse_time("2026-01-02T05:34:05 02:30"), kTime);
  EXPECT_EQ(parse_time("2026-01-01t22:04:05-0500"), kTime);
  EXPECT_EQ(parse_time("1767323045"), kTime);
  EXPECT_EQ(parse_time("1767323045.25"), kTime + 250'000);
  EXPECT_EQ(parse_time("0"), 0);
}

TEST(API_times, that_do_not_exist_are_refused) {
  for (const char* text : {"",
                           " ",
                           "now",
                           "2026-02-30T00:00:00Z",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "0000-01-01T00:00:00Z",
                           "99999-01-01T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-01-02T24:00:00Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05Zx",
                           "-1",
                           "1e300",
                           "nan",
                           "inf",
                           "253402300800",
                           "2026-01-02T03:04:05+99:00",
                           "1969-12-31T23:59:59Z",
                           "18446744073709551616",
                           "--",
                           "2026-"}) {
    EXPECT_EQ(parse_time(text), std::nullopt) << text;
  }
}

TEST(API_times, come_back_from_their_own_text) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 10'000; ++i) {
    const UnixMicros time = static_cast<UnixMicros>(random() % 253'402'300'799'000) * 1000;
    ASSERT_EQ(parse_time(rfc3339(time)), time) << rfc3339(time);
  }
}

}  // namespace
}  // namespace mesher::api
