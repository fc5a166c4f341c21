#include "nodes/pipeline_ledger.hpp"

#include <gtest/gtest.h>

#include <map>

#include "nodes/parse.hpp"
#include "tests/unit/nodes/read_event.hpp"

namespace mesher::nodes {
namespace {

/// Quantities by outcome and reason.
std::map<std::string, std::int64_t> sums(const PipelineLedger::Contents& books) {
  std::map<std::string, std::int64_t> sums;
  for (const auto& line : books.outcomes) sums[line.outcome + "/" + line.reason] += line.quantity;
  return sums;
}

RecordBatch records_of(const std::vector<Record>& records) {
  auto memory = std::make_shared<std::string>();
  std::vector<std::size_t> ends;
  for (const auto& record : records) {
    encode(record, *memory);
    ends.push_back(memory->size());
  }
  std::vector<std::string_view> entries;
  std::size_t from = 0;
  for (const auto end : ends) {
    entries.push_back(std::string_view(*memory).substr(from, end - from));
    from = end;
  }
  return {memory, entries};
}

Record record_of(std::string_view body, bool replayed = false) {
  Record record;
  record.project_id = 3;
  record.key_id = 4;
  record.received = kReceived;
  record.event_id.bytes[0] = 9;
  record.replayed = replayed;
  record.body = body;
  return record;
}

using Sums = std::map<std::string, std::int64_t>;

TEST(INGEST_08_ledger, drops_are_counted_once_by_outcome_and_reason) {
  PipelineLedger ledger;
  auto batch = batch_of({R"({"message":"a"})", R"({"message":"b"})", R"({"message":"c"})"});
  ledger.dropped(batch.content(), 0, {"filtered", "localhost"});
  ledger.dropped(batch.content(), 1, {"filtered", "localhost"});
  ledger.dropped(batch.content(), 2, {"sampled", "sample_rate"});
  const auto books = ledger.take();
  EXPECT_EQ(sums(books), (Sums{{"filtered/localhost", 2}, {"sampled/sample_rate", 1}}));
  EXPECT_EQ(books.outcomes.size(), 2U);
  EXPECT_EQ(books.outcomes[0].category, "error");
  EXPECT_EQ(books.outcomes[0].project_id, 1U);
  EXPECT_TRUE(ledger.take().outcomes.empty()) << "what was taken is gone";
}

TEST(RESIL_03_ledger, quarantine_keeps_what_replay_needs) {
  PipelineLedger ledger;
  const std::string body = R"({"message":"poison"})";
  const auto records = records_of({record_of(body)});
  ledger.quarantined(records, 0, "parse", "why not");
  auto batch = batch_of({R"({"message":"later"})"});
  ledger.quarantined(batch.content(), 0, "fingerprint", "because");
  const auto books = ledger.take();
  ASSERT_EQ(books.quarantined.size(), 2U);
  EXPECT_EQ(books.quarantined[0].project_id, 3U);
  EXPECT_EQ(books.quarantined[0].key_id, 4U);
  EXPECT_EQ(books.quarantined[0].payload, body);
  EXPECT_EQ(books.quarantined[0].node, "parse");
  EXPECT_EQ(books.quarantined[0].received, kReceived);
  EXPECT_EQ(books.quarantined[0].event_id.bytes[0], 9);
  EXPECT_EQ(books.quarantined[1].payload, R"({"message":"later"})");
  EXPECT_EQ(books.quarantined[1].reason, "because");
  std::int64_t total = 0;
  for (const auto& line : books.outcomes) total += line.quantity;
  EXPECT_EQ(total, 2);
}

TEST(RESIL_03_ledger, an_event_that_comes_back_from_quarantine_still_counts_once) {
  PipelineLedger ledger;
  auto batch = batch_of({R"({"message":"a"})", R"({"message":"b"})", R"({"message":"c"})"});
  for (auto& event : batch.as<EventBatch>().events) event.replayed = true;
  ledger.dropped(batch.content(), 0, {"filtered", "localhost"});
  ledger.quarantined(batch.content(), 1, "node", "again");
  ledger.unquarantine(1, 0, kReceived);  // the third one is stored
  const auto books = ledger.take();
  EXPECT_EQ(sums(books), (Sums{{"filtered/localhost", 1}, {"quarantined/", -2}}));
  EXPECT_EQ(books.quarantined.size(), 1U);
}

TEST(INGEST_08_parse, bundles_of_outcomes_go_into_the_books_and_no_further) {
  const std::string counts = outcomes_to_json({{3, 4, kReceived, "rate_limited", "key", "error", 12}});
  auto bundle = record_of(counts);
  bundle.kind = RecordKind::outcomes;
  PipelineLedger ledger;
  const auto events =
      parse_records(records_of({record_of(R"({"message":"a"})"), bundle, record_of(R"({"message":"b"})")}), &ledger);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(events->events[0].project_id, 3U);
  EXPECT_EQ(events->events[1].message, "b");
  EXPECT_EQ(sums(ledger.take()), (Sums{{"rate_limited/key", 12}}));
}

TEST(RESIL_03_parse, a_bad_record_throws_and_counts_nothing) {
  const std::string counts = outcomes_to_json({{3, 4, kReceived, "rate_limited", "key", "error", 12}});
  auto bundle = record_of(counts);
  bundle.kind = RecordKind::outcomes;
  PipelineLedger ledger;
  EXPECT_THROW(static_cast<void>(parse_records(records_of({bundle, record_of("not json")}), &ledger)),
               std::invalid_argument);
  EXPECT_TRUE(ledger.take().outcomes.empty()) << "the halves of the batch will be tried again";
  const auto memory = std::make_shared<std::string>("garbage");
  EXPECT_THROW(static_cast<void>(parse_records(RecordBatch(memory, {*memory}), &ledger)), std::invalid_argument);
  ledger.quarantined(RecordBatch(memory, {*memory}), 0, "parse", "garbage");
  ledger.quarantined(records_of({bundle, record_of("not json")}), 0, "parse", "broken");
  ledger.quarantined(records_of({bundle, record_of("not json")}), 1, "parse", "broken");
  const auto kept = ledger.take().quarantined;
  EXPECT_EQ(kept[0].payload, "garbage");
  EXPECT_FALSE(kept[0].is_event);
  EXPECT_FALSE(kept[1].is_event) << "a bundle of counts";
  EXPECT_TRUE(kept[2].is_event);
}

}  // namespace
}  // namespace mesher::nodes
