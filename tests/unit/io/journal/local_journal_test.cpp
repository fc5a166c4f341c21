#include "io/journal/local_journal.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/metrics.hpp"
#include "support.hpp"

namespace mesher::io::journal {
namespace {

using test::append;
using test::bytes_of;
using test::MemoryEnv;
using test::read_all;

std::vector<std::string> numbered(const std::string& prefix, int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back(prefix + std::to_string(i));
  return out;
}

/// A journal on a disk in memory that can be closed, spoilt and opened again.
struct Bench {
  MemoryEnv env;
  ManualClock clock;
  Metrics metrics;
  LocalJournalOptions options;
  std::unique_ptr<LocalJournal> journal;

  Bench() {
    options.directory = "/j";
    options.partitions = 1;
    options.min_free_disk = 0;
    options.prepare_ahead = false;
    options.env = &env;
    options.clock = &clock;
  }
  void open() {
    journal.reset();
    auto opened = LocalJournal::open(options, metrics);
    ASSERT_TRUE(opened) << opened.error().message;
    journal = std::move(opened).value();
  }
  std::vector<std::string> segments() {
    std::vector<std::string> out;
    for (const auto& file : env.files()) {
      if (file.ends_with(".segment")) out.push_back(file);
    }
    return out;
  }
};

}  // namespace

TEST(INGEST_06_journal, what_was_acknowledged_survives_a_power_cut) {
  Bench bench;
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, {"a", "bb", ""}));
  ASSERT_TRUE(append(*bench.journal, 0, {"ccc"}));
  const auto id = bench.journal->id();
  bench.env.stop_after(0);
  bench.journal.reset();
  bench.env.power_cut();
  bench.open();
  EXPECT_EQ(bench.journal->id(), id);
  EXPECT_EQ(bytes_of(read_all(*bench.journal, 0)), (std::vector<std::string>{"a", "bb", "", "ccc"}));
  EXPECT_EQ(bench.journal->status().damaged_bytes, 0U);
}

TEST(INGEST_06_journal, quota_refuses_and_release_makes_room_without_a_restart) {
  Bench bench;
  bench.options.max_bytes = 1 << 20;
  bench.open();
  const std::string record(10'000, 'x');
  int taken = 0;
  Status status;
  while ((status = append(*bench.journal, 0, {record}))) ++taken;
  EXPECT_EQ(status.error().code, ErrorCode::exhausted);
  EXPECT_NE(status.error().message.find("journal is full"), std::string::npos);
  EXPECT_GT(taken, 90);
  const auto full = bench.journal->status();
  EXPECT_FALSE(full.accepting);
  EXPECT_EQ(full.reason, "journal quota reached");
  EXPECT_LE(full.bytes, full.quota);
  EXPECT_EQ(full.records_waiting, static_cast<std::uint64_t>(taken));

  // A client that comes again at once is refused without asking the disk.
  EXPECT_FALSE(append(*bench.journal, 0, {record}));
  bench.journal->release(0, static_cast<std::uint64_t>(taken) / 2);
  EXPECT_TRUE(append(*bench.journal, 0, {record}));
  EXPECT_TRUE(bench.journal->status().accepting);
}

TEST(INGEST_06_journal, a_drained_journal_takes_the_largest_block_whatever_came_before) {
  Bench bench;
  bench.options.max_bytes = 4 << 20;
  bench.options.partitions = 2;
  bench.open();
  const auto largest = [&] { return std::vector<std::string>{std::string(bench.journal->max_block_bytes() - 4, 'l')}; };
  std::uint64_t end[2] = {0, 0};
  for (int round = 0; round < 20; ++round) {
    for (std::uint32_t partition : {0U, 1U}) {
      while (append(*bench.journal, partition,
                    round % 3 == 0 ? std::vector<std::string>{std::string(30'000, 's')} : largest())) {
        ++end[partition];
      }
    }
    for (std::uint32_t partition : {0U, 1U}) bench.journal->release(partition, end[partition]);
    for (std::uint32_t partition : {0U, 1U}) {
      const auto status = append(*bench.journal, partition, largest());
      ASSERT_TRUE(status) << "round " << round << ": " << status.error().message;
      ++end[partition];
    }
  }
}

TEST(INGEST_06_journal, blocks_over_the_limit_are_refused_as_too_large) {
  Bench bench;
  bench.options.max_bytes = 1 << 20;
  bench.open();
  const auto status = append(*bench.journal, 0, {std::string(bench.journal->max_block_bytes() + 1, 'x')});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::too_large);
  EXPECT_TRUE(append(*bench.journal, 0, {"small"}));
}

TEST(INGEST_06_journal, an_empty_block_is_acknowledged_at_once) {
  Bench bench;
  bench.open();
  EXPECT_TRUE(append(*bench.journal, 0, {}));
}

TEST(RESIL_03_journal, full_disk_is_told_and_heals_by_itself) {
  Bench bench;
  bench.options.min_free_disk = 1 << 20;
  bench.env.set_capacity(2 << 20);
  bench.open();
  const std::string record(50'000, 'x');
  std::vector<std::string> taken;
  Status status;
  while ((status = append(*bench.journal, 0, {record + std::to_string(taken.size())}))) {
    taken.push_back(record + std::to_string(taken.size()));
  }
  EXPECT_EQ(status.error().code, ErrorCode::exhausted);
  EXPECT_EQ(bench.journal->status().reason, "disk full");

  // Freed by somebody else: nothing tells the journal. Asking for its state is enough to make it look.
  bench.env.set_capacity(20 << 20);
  bench.clock.advance(std::chrono::seconds(2));
  while (!bench.journal->status().accepting) std::this_thread::yield();
  EXPECT_TRUE(append(*bench.journal, 0, {"again"}));
  taken.emplace_back("again");
  EXPECT_EQ(bytes_of(read_all(*bench.journal, 0)), taken);
}

TEST(RESIL_03_journal, no_space_for_a_write_leaves_no_trace_of_the_refused_block) {
  Bench bench;
  bench.env.set_capacity(100'000);
  bench.env.set_reported_free(std::uint64_t{1} << 30);  // as on a file system with quotas: the write itself fails
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, {"before"}));
  const auto status = append(*bench.journal, 0, {std::string(60'000, 'y'), std::string(60'000, 'z')});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::exhausted);
  bench.env.set_capacity(1'000'000);
  bench.clock.advance(std::chrono::seconds(2));
  ASSERT_TRUE(append(*bench.journal, 0, {"after"}));
  EXPECT_EQ(bytes_of(read_all(*bench.journal, 0)), (std::vector<std::string>{"before", "after"}));
  bench.open();
  EXPECT_EQ(bench.journal->status().damaged_bytes, 0U);
}

TEST(RESIL_03_journal, failed_sync_refuses_the_group_and_goes_on_in_a_new_segment) {
  Bench bench;
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, {"one"}));
  bench.env.set_failures(100, 0);
  const auto status = append(*bench.journal, 0, {"two"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(bench.journal->status().accepting);
  EXPECT_EQ(bench.journal->status().reason, "write error");
  bench.env.set_failures(0, 0);
  bench.clock.advance(std::chrono::seconds(2));
  while (!bench.journal->status().accepting) std::this_thread::yield();
  ASSERT_TRUE(append(*bench.journal, 0, {"three"}));
  EXPECT_EQ(bench.segments().size(), 2U);

  // The page cache still shows what never reached the disk; only what was synced counts.
  bench.env.stop_after(0);
  bench.journal.reset();
  bench.env.power_cut();
  bench.open();
  auto left = bytes_of(read_all(*bench.journal, 0));
  std::erase(left, "two");
  EXPECT_EQ(left, (std::vector<std::string>{"one", "three"}));
}

TEST(RESIL_03_journal, a_disk_that_fails_for_an_hour_leaves_no_heap_of_files) {
  Bench bench;
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, {"one"}));
  bench.env.set_failures(100, 0);
  for (int second = 0; second < 3600; ++second) {
    bench.clock.advance(std::chrono::seconds(1));
    EXPECT_FALSE(append(*bench.journal, 0, {"lost"}));
  }
  EXPECT_LE(bench.segments().size(), 2U);
  bench.env.set_failures(0, 0);
  bench.clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(append(*bench.journal, 0, {"two"}));
}

TEST(JournalRead, chunks_keep_to_the_limits_and_join_without_a_gap) {
  Bench bench;
  bench.open();
  const auto records = numbered("record ", 0, 1000);
  for (std::size_t i = 0; i < records.size(); i += 50) {
    ASSERT_TRUE(append(
        *bench.journal, 0,
        {records.begin() + static_cast<std::ptrdiff_t>(i), records.begin() + static_cast<std::ptrdiff_t>(i) + 50}));
  }
  ASSERT_TRUE(append(*bench.journal, 0, {"end"}));
  for (const std::size_t max_records : {1U, 7U, 50U, 64U, 2000U}) {
    for (const std::size_t max_bytes : {1U, 100U, 3000U, 1U << 20}) {
      EXPECT_EQ(bytes_of(test::read_until(*bench.journal, 0, 0, "end", max_records, max_bytes)), records);
    }
  }
  const auto from_the_middle = test::read_until(*bench.journal, 0, 777, "end");
  EXPECT_EQ(from_the_middle.front().bytes, "record 777");
  EXPECT_EQ(from_the_middle.front().sequence, 777U);
}

TEST(JournalRead, stop_ends_the_wait) {
  Bench bench;
  bench.open();
  std::stop_source stop;
  std::thread reader([&] { EXPECT_FALSE(bench.journal->read(0, 0, 10, 1000, stop.get_token())); });
  stop.request_stop();
  reader.join();
}

TEST(JournalRead, waits_for_records_that_come_later) {
  Bench bench;
  bench.open();
  std::optional<nodes::ports::ReadChunk> chunk;
  std::thread reader([&] { chunk = bench.journal->read(0, 0, 10, 1000, {}); });
  ASSERT_TRUE(append(*bench.journal, 0, {"later"}));
  reader.join();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->entries.at(0), "later");
}

TEST(JournalRead, entries_stay_readable_after_release_and_reuse_of_the_segment) {
  Bench bench;
  bench.options.max_bytes = 1 << 20;
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, {"kept"}));
  const auto chunk = bench.journal->read(0, 0, 10, 1000, {});
  for (std::uint64_t i = 1; i < 200; ++i) {
    bench.journal->release(0, i);
    ASSERT_TRUE(append(*bench.journal, 0, {std::string(20'000, 'x')}));
  }
  EXPECT_EQ(chunk->entries.at(0), "kept");
}

TEST(JournalRelease, released_segments_are_reused_and_their_old_frames_never_come_back) {
  Bench bench;
  bench.options.max_bytes = 2 << 20;
  bench.open();
  std::uint64_t next = 0;
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(append(*bench.journal, 0, {"old " + std::string(9'000, 'o')}));
    bench.journal->release(0, ++next);
  }
  EXPECT_LT(bench.journal->status().bytes, 1U << 20);
  EXPECT_EQ(bench.journal->status().records_waiting, 0U);
  ASSERT_TRUE(append(*bench.journal, 0, {"new"}));
  bench.open();
  bench.journal->ensure_next_at_least(0, next);
  EXPECT_EQ(bytes_of(read_all(*bench.journal, 0, next)), (std::vector<std::string>{"new"}));
  EXPECT_EQ(bench.journal->status().damaged_records, 0U);
}

TEST(JournalOpen, second_process_is_told_who_has_it) {
  test::TemporaryDirectory directory;
  Metrics metrics;
  LocalJournalOptions options;
  options.directory = directory.path() / "journal";
  auto first = LocalJournal::open(options, metrics);
  ASSERT_TRUE(first);
  auto second = LocalJournal::open(options, metrics);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_EQ(second.error().message, fmt::format("data directory is in use by process {}", ::getpid()));
  first->reset();
  EXPECT_TRUE(LocalJournal::open(options, metrics));
}

TEST(JournalOpen, newer_format_is_refused_in_plain_words) {
  Bench bench;
  bench.open();
  bench.journal.reset();
  bench.env.plant("/j/identity",
                  "mesher journal\nformat 2\nid 00112233-4455-4677-8899-aabbccddeeff\nchecksum 0000000000000000\n");
  bench.open();  // its checksum is wrong: damage, not a newer format
  bench.journal.reset();
  std::string text = "mesher journal\nformat 2\nid 00112233-4455-4677-8899-aabbccddeeff\n";
  bench.env.plant("/j/identity", text + "checksum 0f8d338b3cbcac17\n");
  const auto opened = LocalJournal::open(bench.options, bench.metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid);
  EXPECT_EQ(opened.error().message, "the journal in /j has format 2, this program reads format 1");
}

TEST(JournalOpen, lost_identity_is_taken_from_the_segments) {
  Bench bench;
  bench.open();
  const auto id = bench.journal->id();
  ASSERT_TRUE(append(*bench.journal, 0, {"a"}));
  for (const auto* spoilt : {"", "garbage", "mesher journal\nformat 1\nid 0"}) {
    bench.journal.reset();
    bench.env.plant("/j/identity", spoilt);
    bench.open();
    EXPECT_EQ(bench.journal->id(), id);
  }
  bench.journal.reset();
  bench.env.erase("/j/identity");
  bench.open();
  EXPECT_EQ(bench.journal->id(), id);
  EXPECT_EQ(bytes_of(read_all(*bench.journal, 0)), (std::vector<std::string>{"a"}));
}

TEST(JournalOpen, new_records_never_fall_below_the_cursor) {
  Bench bench;
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, numbered("", 0, 10)));
  bench.journal.reset();
  for (const auto& segment : bench.segments()) bench.env.erase(segment);
  bench.open();
  bench.journal->ensure_next_at_least(0, 10);
  ASSERT_TRUE(append(*bench.journal, 0, {"new"}));
  const auto records = read_all(*bench.journal, 0, 10);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].bytes, "new");
  EXPECT_GE(records[0].sequence, 10U);
  EXPECT_EQ(bench.journal->status().damaged_records, 0U);
}

TEST(JournalOpen, partitions_can_be_added_and_removed_ones_are_drained) {
  Bench bench;
  bench.options.partitions = 3;
  bench.open();
  for (std::uint32_t p = 0; p < 3; ++p) ASSERT_TRUE(append(*bench.journal, p, {"old " + std::to_string(p)}));
  bench.options.partitions = 1;
  bench.open();
  ASSERT_EQ(bench.journal->partitions(), 3U);
  ASSERT_TRUE(append(*bench.journal, 2, {"new"}));  // goes to 2 % 1
  for (std::uint32_t p = 1; p < 3; ++p) {
    const auto chunk = bench.journal->read(p, 0, 10, 1000, {});
    EXPECT_EQ(chunk->entries.at(0), "old " + std::to_string(p));
    bench.journal->release(p, chunk->next);
  }
  EXPECT_EQ(bytes_of(read_all(*bench.journal, 0)), (std::vector<std::string>{"old 0", "new"}));
  bench.open();
  EXPECT_EQ(bench.journal->partitions(), 1U);
  bench.options.partitions = 4;
  bench.open();
  EXPECT_EQ(bench.journal->partitions(), 4U);
  EXPECT_TRUE(append(*bench.journal, 3, {"more"}));
}

TEST(JournalMetrics, figures_tell_what_happened) {
  Bench bench;
  bench.open();
  ASSERT_TRUE(append(*bench.journal, 0, {"a", "b"}));
  const auto text = bench.metrics.expose();
  EXPECT_NE(text.find("mesher_journal_appended_records_total 2"), std::string::npos) << text;
  EXPECT_NE(text.find("mesher_journal_records_waiting 2"), std::string::npos);
  EXPECT_NE(text.find("mesher_journal_groups_total 1"), std::string::npos);
  bench.journal->release(0, 2);
  EXPECT_NE(bench.metrics.expose().find("mesher_journal_records_waiting 0"), std::string::npos);
}

}  // namespace mesher::io::journal
