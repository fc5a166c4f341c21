#include "nodes/record.hpp"

#include <gtest/gtest.h>

#include <random>

namespace mesher::nodes {
namespace {

Record sample() {
  Record record;
  record.project_id = 4'000'000'000;
  record.key_id = 7;
  record.received = 1'717'243'200'123'456;
  record.sent_drift = -3'600'000'000;
  record.event_id = *EventId::parse("0123456789abcdef0123456789abcdef");
  record.client = "sentry.python/2.1";
  record.client_ip = "2001:db8::1";
  record.user_agent = "Mozilla/5.0";
  record.body = R"({"message":"hi"})";
  record.replayed = true;
  return record;
}

void expect_equal(const Record& a, const Record& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.replayed, b.replayed);
  EXPECT_EQ(a.project_id, b.project_id);
  EXPECT_EQ(a.key_id, b.key_id);
  EXPECT_EQ(a.received, b.received);
  EXPECT_EQ(a.sent_drift, b.sent_drift);
  EXPECT_EQ(a.event_id, b.event_id);
  EXPECT_EQ(a.client, b.client);
  EXPECT_EQ(a.client_ip, b.client_ip);
  EXPECT_EQ(a.user_agent, b.user_agent);
  EXPECT_EQ(a.body, b.body);
}

TEST(record, round_trips) {
  std::string bytes = "before";
  encode(sample(), bytes);
  const auto decoded = decode(std::string_view(bytes).substr(6));
  ASSERT_TRUE(decoded);
  expect_equal(*decoded, sample());
}

TEST(record, layout_is_the_documented_one) {
  std::string bytes;
  encode(sample(), bytes);
  EXPECT_EQ(bytes.substr(0, 4), std::string("\x01\x01\x01\x00", 4));
  EXPECT_EQ(bytes.substr(4, 4), std::string("\x00\x28\x6B\xEE", 4));  // 4,000,000,000 little-endian
  EXPECT_EQ(bytes.size(), 48 + sample().client.size() + sample().client_ip.size() + sample().user_agent.size() +
                              sample().body.size());
}

TEST(record, what_is_too_long_is_cut) {
  auto record = sample();
  const std::string client(300, 'c');
  const std::string agent(2000, 'a');
  record.client = client;
  record.user_agent = agent;
  std::string bytes;
  encode(record, bytes);
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->client.size(), 255U);
  EXPECT_EQ(decoded->user_agent.size(), 1024U);
  EXPECT_EQ(decoded->body, record.body);
}

TEST(record, cut_off_bytes_are_corrupt_or_a_shorter_body) {
  std::string bytes;
  encode(sample(), bytes);
  const std::size_t fixed = bytes.size() - sample().body.size();
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    const auto decoded = decode(std::string_view(bytes).substr(0, n));
    EXPECT_EQ(decoded.has_value(), n >= fixed) << n;
    if (!decoded) {
      EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(record, random_bytes_never_read_outside) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 80, '\0');
    for (auto& c : bytes) c = static_cast<char>(random());
    if (!bytes.empty() && random() % 2 == 0) bytes[0] = 1;
    const auto decoded = decode(bytes);
    if (decoded) {
      EXPECT_LE(decoded->body.size(), bytes.size());
    }
  }
}

TEST(INGEST_08_outcome_counts, round_trip_as_json) {
  const std::vector<OutcomeCount> counts{
      {1, 2, 1'717'243'200'000'000, "rate_limited", "key", "error", 12},
      {1, 2, 1'717'243'200'000'000, "client_discard", "before \"send\"\n", "error", 3}};
  const auto read = outcomes_from_json(outcomes_to_json(counts));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].quantity, 12);
  EXPECT_EQ((*read)[0].outcome, "rate_limited");
  EXPECT_EQ((*read)[1].reason, "before \"send\"\n");
  EXPECT_EQ((*read)[1].at, 1'717'243'200'000'000);
}

TEST(INGEST_08_outcome_counts, reasons_that_are_no_utf8_do_not_lose_the_count) {
  const auto json = outcomes_to_json({{1, 2, 3, "client_discard", "\xff\xfe", "error", 3}});
  const auto read = outcomes_from_json(json);
  ASSERT_TRUE(read);
  EXPECT_EQ((*read)[0].quantity, 3);
}

TEST(INGEST_08_outcome_counts, damaged_json_is_corrupt) {
  for (const std::string_view json : {"", "{}", "[1]", "[{}]", R"([{"project_id":"x"}])", "[", "null"}) {
    EXPECT_FALSE(outcomes_from_json(json)) << json;
  }
}

TEST(record_batch, take_splits_and_shares_the_memory) {
  auto memory = std::make_shared<std::string>("abcdef");
  const std::string_view all = *memory;
  RecordBatch batch(memory, {all.substr(0, 1), all.substr(1, 2), all.substr(3, 3)});
  EXPECT_EQ(batch.bytes(), 6U);
  const std::vector<std::uint32_t> indices{1};
  const auto taken = batch.take(indices);
  const auto copy = batch.copy();
  const std::weak_ptr<std::string> watch = memory;
  memory.reset();
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(static_cast<RecordBatch&>(*taken).entries[0], "bc");
  EXPECT_EQ(static_cast<RecordBatch&>(*copy).entries[1], "def");
  EXPECT_FALSE(watch.expired());
}

}  // namespace
}  // namespace mesher::nodes
