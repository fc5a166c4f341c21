#include "io/api/cursor.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mesher::api {
namespace {

TEST(SEARCH_05_cursor, carries_its_values_back) {
  const std::vector<std::string> values{"1767323045678901", "", "ü \x01"};
  const auto cursor = encode_cursor("issues|1|last_seen", values);
  EXPECT_EQ(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_EQ(decode_cursor("issues|1|last_seen", cursor, 3), values);
}

TEST(SEARCH_05_cursor, of_another_list_or_shape_is_refused) {
  const auto cursor = encode_cursor("issues|1|last_seen", {"1", "2"});
  EXPECT_FALSE(decode_cursor("issues|2|last_seen", cursor, 2));
  EXPECT_FALSE(decode_cursor("issues|1|first_seen", cursor, 2));
  EXPECT_FALSE(decode_cursor("issues|1|last_seen", cursor, 3));
  EXPECT_FALSE(decode_cursor("issues|1|last_seen", cursor, 1));
}

TEST(SEARCH_05_cursor, with_any_character_changed_is_refused) {
  const auto cursor = encode_cursor("list", {"1767323045678901", "42"});
  std::mt19937 random(7);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    for (int round = 0; round < 20; ++round) {
      auto damaged = cursor;
      damaged[i] = static_cast<char>(random());
      if (damaged == cursor) continue;
      ASSERT_FALSE(decode_cursor("list", damaged, 2)) << damaged;
    }
  }
  EXPECT_FALSE(decode_cursor("list", "", 2));
  EXPECT_FALSE(decode_cursor("list", "AAAA", 1));
  EXPECT_FALSE(decode_cursor("list", cursor + cursor, 2));
  EXPECT_FALSE(decode_cursor("list", std::string(100'000, 'A'), 2));
}

}  // namespace
}  // namespace mesher::api
