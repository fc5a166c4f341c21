#include "io/http/content_encoding.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/io/http/compress.hpp"

namespace mesher::http {
namespace {

using namespace testing;  // NOLINT: the compressors

constexpr std::size_t kLimit = 20 * 1024 * 1024;

Result<std::string> decode(ContentEncoding encoding, std::string_view bytes, std::size_t limit = kLimit) {
  ByteBudget::Reservation memory;
  return decode_content(encoding, bytes, limit, memory);
}

std::map<ContentEncoding, std::string> all_forms(std::string_view text) {
  return {{ContentEncoding::gzip, gzipped(text)},
          {ContentEncoding::deflate, deflated(text, 15)},
          {ContentEncoding::br, brotlied(text)},
          {ContentEncoding::zstd, zstded(text)}};
}

std::string some_text(std::size_t size) {
  std::mt19937 random(7);
  std::string out;
  while (out.size() < size) out += "{\"message\":\"row " + std::to_string(random() % 1000) + " failed\"}\n";
  return out;
}

TEST(INGEST_07_encoding, names) {
  EXPECT_EQ(parse_content_encoding(""), ContentEncoding::identity);
  EXPECT_EQ(parse_content_encoding(" Identity "), ContentEncoding::identity);
  EXPECT_EQ(parse_content_encoding("GZip"), ContentEncoding::gzip);
  EXPECT_EQ(parse_content_encoding("x-gzip"), ContentEncoding::gzip);
  EXPECT_EQ(parse_content_encoding("deflate"), ContentEncoding::deflate);
  EXPECT_EQ(parse_content_encoding("br"), ContentEncoding::br);
  EXPECT_EQ(parse_content_encoding("zstd"), ContentEncoding::zstd);
  EXPECT_EQ(parse_content_encoding("gzip, br"), std::nullopt);
  EXPECT_EQ(parse_content_encoding("lzma"), std::nullopt);
}

TEST(INGEST_07_encoding, every_encoding_gives_back_what_was_compressed) {
  for (const std::size_t size : {0UL, 1UL, 1000UL, 65536UL, 300'000UL, 3'000'000UL}) {
    const auto text = some_text(size).substr(0, size);
    for (const auto& [encoding, bytes] : all_forms(text)) {
      const auto out = decode(encoding, bytes);
      ASSERT_TRUE(out) << out.error().message;
      EXPECT_EQ(*out, text);
      EXPECT_GE(out->capacity(), out->size() + 64);
    }
  }
}

TEST(INGEST_07_encoding, gzip_of_several_members_and_with_padding) {
  const auto joined = gzipped("one ") + gzipped("") + gzipped("two");
  EXPECT_EQ(*decode(ContentEncoding::gzip, joined), "one two");
  EXPECT_EQ(*decode(ContentEncoding::gzip, joined + std::string(10, '\0')), "one two");
  EXPECT_EQ(decode(ContentEncoding::gzip, joined + "rest").error().code, ErrorCode::corrupt);
}

TEST(INGEST_07_encoding, zstd_of_several_frames) {
  EXPECT_EQ(*decode(ContentEncoding::zstd, zstded("one ") + zstded("two")), "one two");
}

TEST(INGEST_07_encoding, deflate_may_be_raw) {
  const auto text = some_text(50'000);
  EXPECT_EQ(*decode(ContentEncoding::deflate, deflated(text, -15)), text);
  // Raw deflate data whose first two bytes look like a zlib header by chance.
  for (int i = 0; i < 500; ++i) {
    const auto random_start =
        std::string(static_cast<std::size_t>(i % 40), 'x') + std::to_string(i * 7919) + text.substr(0, 200);
    EXPECT_EQ(*decode(ContentEncoding::deflate, deflated(random_start, -15)), random_start);
  }
}

TEST(INGEST_07_encoding, cut_off_at_every_byte_is_corrupt) {
  const auto text = some_text(600);
  for (const auto& [encoding, bytes] : all_forms(text)) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      const auto out = decode(encoding, std::string_view(bytes).substr(0, n));
      ASSERT_FALSE(out) << "encoding " << static_cast<int>(encoding) << " at " << n;
      EXPECT_EQ(out.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(INGEST_07_encoding, damage_never_gives_more_than_the_limit) {
  const auto text = some_text(5000);
  std::mt19937 random(11);
  for (const auto& [encoding, bytes] : all_forms(text)) {
    for (int i = 0; i < 300; ++i) {
      auto damaged = bytes;
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
      const auto out = decode(encoding, damaged, 100'000);
      if (out) {
        EXPECT_LE(out->size(), 100'000U);
      }
    }
  }
}

TEST(INGEST_07_encoding, bombs_stop_at_the_limit_and_cost_no_more_memory) {
  const std::string zeros(64 * 1024 * 1024, '\0');
  const auto budget = std::make_shared<ByteBudget>(4 * 1024 * 1024);
  for (const auto& [encoding, bytes] : all_forms(zeros)) {
    ASSERT_LT(bytes.size(), zeros.size() / 500);
    const auto out = decode(encoding, bytes, 1024 * 1024);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().code, ErrorCode::too_large);
    {
      ByteBudget::Reservation memory(budget);
      const auto held = decode_content(encoding, bytes, kLimit, memory);
      ASSERT_FALSE(held);
      EXPECT_EQ(held.error().code, ErrorCode::exhausted);
      EXPECT_LE(budget->used(), budget->limit());
    }
    EXPECT_EQ(budget->used(), 0U);
  }
}

TEST(INGEST_07_encoding, exactly_the_limit_is_taken) {
  const std::string text(100'000, 'x');
  for (const auto& [encoding, bytes] : all_forms(text)) {
    EXPECT_TRUE(decode(encoding, bytes, text.size()));
    EXPECT_FALSE(decode(encoding, bytes, text.size() - 1));
  }
}

}  // namespace
}  // namespace mesher::http
