#include <fmt/format.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include "io/postgres/clean_text.hpp"
#include "io/postgres/hyperloglog.hpp"
#include "io/postgres/payload_block.hpp"
#include "io/postgres/recent_ids.hpp"
#include "io/postgres/rows.hpp"
#include "io/postgres/tag_limits.hpp"
#include "io/postgres/tag_text.hpp"
#include "io/postgres/user_sketches.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

std::uint64_t user_hash(std::uint64_t user) {
  const auto text = fmt::format("user {}", user);
  return XXH3_64bits(text.data(), text.size());
}

std::string cleaned(std::string_view text) {
  std::string out;
  append_clean(out, text);
  return out;
}

TEST(Tag_text, gives_back_what_was_written) {
  const std::vector<nodes::Tag> tags{{"os", "Linux"}, {"empty", ""}, {"a=b\tc", "x\x1ey\x1fz"}, {"große", "日本\n語"}};
  std::string text;
  append_tag_text(text, tags);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"os", "Linux"}, {"empty", ""}, {"a=b\tc", "x y z"}, {"große", "日本\n語"}};
  EXPECT_EQ(read_tag_text(text), expected);
  EXPECT_TRUE(read_tag_text("").empty());
  for (const std::string_view damaged : {"x", "\x1e", "\x1f", "\x1e\x1e", "\x1e\x61\x1f", "\x1e\x61"}) {
    EXPECT_LE(read_tag_text(damaged).size(), 2U);
  }
}

TEST(Payload_block, gives_back_every_payload) {
  testing::EventMaker random(3);
  BlockCompressor compressor;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> payloads(1 + random.random(300));
    for (auto& payload : payloads) {
      payload.assign(random.random(20) == 0 ? random.random(300'000) : random.random(3000), 'a');
      for (auto& c : payload) c = static_cast<char>('a' + random.random(4));
    }
    const std::vector<std::string_view> views(payloads.begin(), payloads.end());
    const auto block = compressor.compress(views);
    ASSERT_EQ(*block_size(block), payloads.size());
    for (std::uint32_t i = 0; i < payloads.size(); ++i) {
      const auto payload = read_payload(block, i);
      ASSERT_TRUE(payload) << payload.error().message;
      ASSERT_EQ(*payload, payloads[i]);
    }
    EXPECT_EQ(read_payload(block, static_cast<std::uint32_t>(payloads.size())).error().code, ErrorCode::not_found);
  }
}

TEST(Payload_block, damage_is_an_error_and_nothing_worse) {
  testing::EventMaker random(4);
  BlockCompressor compressor;
  const std::vector<std::string_view> payloads{"{\"a\":1}", "{\"b\":[1,2,3]}", "{}"};
  const auto block = compressor.compress(payloads);
  for (std::size_t cut = 0; cut < block.size(); ++cut) {
    const auto payload = read_payload(std::string_view(block).substr(0, cut), 2);
    EXPECT_TRUE(!payload || *payload == payloads[2]);
  }
  for (int round = 0; round < 3000; ++round) {
    auto damaged = block;
    damaged[random.random(damaged.size())] = static_cast<char>(random.random(256));
    (void)read_payload(damaged, static_cast<std::uint32_t>(random.random(4)));
  }
  EXPECT_EQ(read_payload("", 0).error().code, ErrorCode::corrupt);
}

TEST(HyperLogLog, is_exact_for_a_few_and_close_for_many) {
  HyperLogLog sketch;
  EXPECT_EQ(sketch.estimate(), 0U);
  std::uint64_t added = 0;
  for (const std::uint64_t target : {1U, 5U, 50U, 600U, 700U, 5'000U, 100'000U}) {
    for (; added < target; ++added) sketch.add(user_hash(added));
    const auto error = std::abs(static_cast<double>(sketch.estimate()) - static_cast<double>(target));
    EXPECT_LE(error, std::max(0.5, 0.07 * static_cast<double>(target))) << target;  // three standard errors
    const auto bytes = sketch.to_bytes();
    EXPECT_LE(bytes.size(), 1281U);
    auto read = HyperLogLog::from_bytes(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->to_bytes(), bytes);
    EXPECT_EQ(read->estimate(), sketch.estimate());
  }
  for (std::uint64_t user = 0; user < added; ++user) ASSERT_FALSE(sketch.would_change(user_hash(user)));
}

TEST(HyperLogLog, merging_equals_adding_all) {
  for (const std::uint64_t count : {10U, 900U, 20'000U}) {
    HyperLogLog all, odd, even;
    for (std::uint64_t user = 0; user < count; ++user) {
      all.add(user_hash(user));
      (user % 2 ? odd : even).add(user_hash(user));
    }
    odd.merge(even);
    EXPECT_EQ(odd.estimate(), all.estimate());
  }
}

TEST(HyperLogLog, refuses_what_is_no_sketch) {
  for (const std::string bytes : {"", "x", "\x01z", "\x02short", "\x01\x20\x00\x20\x00"}) {
    EXPECT_FALSE(HyperLogLog::from_bytes(bytes));
  }
}

TEST(User_sketches, forgets_the_least_used_and_never_loses_a_user_of_the_others) {
  UserSketches sketches;
  for (std::int64_t issue = 0; issue < 5000; ++issue) {
    HyperLogLog sketch;
    sketch.add(user_hash(static_cast<std::uint64_t>(issue)));
    sketches.put(1, issue, 0, sketch);
    (void)sketches.find(1, 0, 0);
  }
  EXPECT_EQ(sketches.size(), UserSketches::kMaxIssues);
  ASSERT_NE(sketches.find(1, 0, 0), nullptr);
  EXPECT_EQ(sketches.find(1, 1, 0), nullptr);
  sketches.put(1, 0, 0, {});
  EXPECT_FALSE(sketches.find(1, 0, 0)->would_change(user_hash(0)));
}

TEST(Recent_ids, remembers_the_latest_and_stays_bounded) {
  RecentIds recent(1000);
  std::vector<nodes::EventId> ids;
  for (int i = 0; i < 5000; ++i) {
    ids.push_back(nodes::EventId::random());
    recent.add(1, ids.back());
    EXPECT_LE(recent.size(), 2000U);
  }
  for (std::size_t i = ids.size() - 1000; i < ids.size(); ++i) {
    EXPECT_TRUE(recent.contains(1, ids[i]));
    EXPECT_FALSE(recent.contains(2, ids[i]));
  }
  EXPECT_FALSE(recent.contains(1, ids.front()));
}

TEST(Tag_limits, bound_keys_and_values) {
  TagLimits limits;
  EXPECT_FALSE(limits.knows(1, 20'000));
  limits.begin_loading(1, 20'000);
  limits.loaded(1, 20'000, "host", "web-1");
  EXPECT_TRUE(limits.knows(1, 20'000));
  std::size_t admitted = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto value = fmt::format("v{}", i);
    const auto answer = limits.admit(1, 20'000, "host", value);
    EXPECT_EQ(answer.first, "host");
    admitted += !answer.second.empty();
  }
  EXPECT_EQ(admitted, TagLimits::kMaxValues - 1);
  EXPECT_EQ(limits.admit(1, 20'000, "host", "web-1").second, "web-1");
  for (int i = 0; i < 500; ++i) (void)limits.admit(1, 20'000, fmt::format("key {}", i), "x");
  EXPECT_EQ(limits.admit(1, 20'000, "one more", "x").first, "");
  EXPECT_EQ(limits.admit(2, 20'000, "one more", "x").first, "one more");
  for (std::uint32_t project = 10; project < 600; ++project) {
    limits.begin_loading(project, 1);
    for (int i = 0; i < 1000; ++i) (void)limits.admit(project, 1, "k", fmt::format("{}", i));
  }
  EXPECT_FALSE(limits.knows(1, 20'000)) << "what was not used for long is forgotten";
}

TEST(Clean_text, keeps_good_text_and_replaces_the_rest) {
  const std::string good = "plain ASCII text, \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80, and more of it";
  EXPECT_EQ(cleaned(good), good);
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(cleaned(std::string("12345678") + '\0' + "x"), "12345678" + r + "x");
  EXPECT_EQ(cleaned("\xC0\x80"), r + r);                  // overlong
  EXPECT_EQ(cleaned("\xED\xA0\x80"), r + r + r);          // surrogate
  EXPECT_EQ(cleaned("\xF4\x90\x80\x80"), r + r + r + r);  // beyond Unicode
  EXPECT_EQ(cleaned("cut \xE2\x82"), "cut " + r + r);
  EXPECT_EQ(first_characters("\xC3\xA4\xC3\xA4\xC3\xA4", 2), "\xC3\xA4\xC3\xA4");
  EXPECT_EQ(first_characters("abc", 3), "abc");
  EXPECT_EQ(first_characters("abcd", 0), "");
}

TEST(Rows, read_times_as_postgresql_writes_them) {
  for (const UnixMicros time : {UnixMicros{0}, UnixMicros{1'766'000'000'123'456}, UnixMicros{-1'000'001}}) {
    EXPECT_EQ(timestamp_from(timestamp_text(time)), time);
  }
  EXPECT_EQ(timestamp_from("1970-01-01 00:00:01+00"), 1'000'000);
  EXPECT_EQ(timestamp_from("1970-01-01 00:00:00.5+00"), 500'000);
  EXPECT_EQ(timestamp_from("soon"), 0);
  EXPECT_EQ(bytes_from_hex("\\x00ff"), std::string("\0\xff", 2));
  EXPECT_EQ(date_text(20'000), "2024-10-04");
}

}  // namespace
}  // namespace mesher::postgres
