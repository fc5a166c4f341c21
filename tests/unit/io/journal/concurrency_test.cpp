// Real files, real threads: appenders, readers that release, and somebody who asks for the state, all at once.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "support.hpp"

namespace mesher::io::journal {
namespace {

/// Counts answers; wait_for returns when so many have come.
class Answers {
 public:
  void add(bool taken) {
    const std::lock_guard lock(mutex_);
    ++come_;
    if (taken) ++taken_;
    changed_.notify_all();
  }
  std::size_t wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return come_ >= count; });
    return taken_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t come_ = 0, taken_ = 0;
};

/// Checks that a stream of records "appender:number:…" has each appender's numbers in order and without a gap.
class OrderCheck {
 public:
  void see(std::string_view record) {
    int appender = 0;
    int number = 0;
    ASSERT_EQ(std::sscanf(std::string(record).c_str(), "%d:%d:", &appender, &number), 2);
    ASSERT_EQ(number, next_[appender]++) << "of appender " << appender;
    ++seen_;
  }
  [[nodiscard]] std::size_t seen() const { return seen_; }

 private:
  std::map<int, int> next_;
  std::size_t seen_ = 0;
};

LocalJournalOptions options_in(const test::TemporaryDirectory& directory) {
  LocalJournalOptions options;
  options.directory = directory.path();
  options.min_free_disk = 0;
  options.segment_bytes = 256 << 10;
  return options;
}

}  // namespace

TEST(INGEST_06_journal_concurrency, every_record_is_read_once_in_its_appenders_order) {
  constexpr int kAppenders = 4;
  constexpr int kBlocks = 400;
  const test::TemporaryDirectory directory;
  Metrics metrics;
  auto journal = std::move(LocalJournal::open(options_in(directory), metrics)).value();
  Answers answers;
  std::vector<std::jthread> threads;
  for (int a = 0; a < kAppenders; ++a) {
    threads.emplace_back([&, a] {
      for (int i = 0; i < kBlocks; ++i) {
        std::vector<std::string> records;
        for (int k = 0; k < 1 + i % 3; ++k) {
          records.push_back(fmt::format("{}:{}:", a, i * 3 + k) + std::string(static_cast<std::size_t>(i % 2000), 'x'));
        }
        for (int k = 1 + i % 3; k < 3; ++k) records.push_back(fmt::format("{}:{}:", a, i * 3 + k));
        journal->append(static_cast<std::uint32_t>(a), test::block_of(records),
                        [&](Status status) { answers.add(bool(status)); });
      }
    });
  }
  std::atomic<std::size_t> read{0};
  std::stop_source stop;
  std::vector<std::jthread> readers;
  for (std::uint32_t p = 0; p < journal->partitions(); ++p) {
    readers.emplace_back([&, p] {
      OrderCheck order;
      std::uint64_t next = 0;
      while (const auto chunk = journal->read(p, next, 97, 60'000, stop.get_token())) {
        for (const auto entry : chunk->entries) order.see(entry);
        journal->release(p, next = chunk->next);
        read += chunk->entries.size();
        if (read == kAppenders * kBlocks * 3) stop.request_stop();
      }
    });
  }
  while (!stop.stop_requested()) EXPECT_TRUE(journal->status().accepting);
  EXPECT_EQ(answers.wait_for(kAppenders * kBlocks), kAppenders * kBlocks);
  readers.clear();
  threads.clear();
  EXPECT_EQ(journal->status().records_waiting, 0U);
  EXPECT_EQ(journal->status().damaged_bytes, 0U);
}

TEST(INGEST_06_journal_concurrency, two_readers_of_one_partition_see_the_same) {
  const test::TemporaryDirectory directory;
  Metrics metrics;
  auto journal = std::move(LocalJournal::open(options_in(directory), metrics)).value();
  std::vector<std::string> all;
  for (int i = 0; i < 300; ++i) all.push_back(std::to_string(i) + std::string(3000, 'r'));
  for (const auto& record : all) ASSERT_TRUE(test::append(*journal, 0, {record}));
  ASSERT_TRUE(test::append(*journal, 0, {"end"}));
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] { EXPECT_EQ(test::bytes_of(test::read_until(*journal, 0, 0, "end", 50, 100'000)), all); });
  }
}

TEST(INGEST_06_journal_concurrency, closing_answers_every_append_and_keeps_what_was_taken) {
  const test::TemporaryDirectory directory;
  Metrics metrics;
  auto journal = std::move(LocalJournal::open(options_in(directory), metrics)).value();
  Answers answers;
  for (int i = 0; i < 500; ++i) {
    journal->append(0, test::block_of({fmt::format("0:{}:", i)}), [&](Status status) { answers.add(bool(status)); });
  }
  journal.reset();
  EXPECT_EQ(answers.wait_for(500), 500U);
  journal = std::move(LocalJournal::open(options_in(directory), metrics)).value();
  EXPECT_EQ(test::read_all(*journal, 0).size(), 500U);
}

TEST(INGEST_06_journal_concurrency, too_many_queued_bytes_are_refused_and_the_rest_is_kept) {
  const test::TemporaryDirectory directory;
  Metrics metrics;
  auto options = options_in(directory);
  options.max_queued_bytes = 64 << 10;
  auto journal = std::move(LocalJournal::open(options, metrics)).value();
  Answers answers;
  for (int i = 0; i < 2000; ++i) {
    journal->append(0, test::block_of({std::string(20'000, 'q')}), [&](Status status) {
      EXPECT_TRUE(status || status.error().code == ErrorCode::exhausted);
      answers.add(bool(status));
    });
  }
  const auto taken = answers.wait_for(2000);
  EXPECT_GT(taken, 0U);
  EXPECT_LT(taken, 2000U);
  EXPECT_EQ(test::read_all(*journal, 0).size(), taken);
}

TEST(JournalFiles, a_fresh_directory_is_small_and_released_segments_are_reused) {
  const test::TemporaryDirectory directory;
  Metrics metrics;
  auto options = options_in(directory);
  options.max_bytes = std::uint64_t{64} << 20;
  options.segment_bytes = 1 << 20;
  auto journal = std::move(LocalJournal::open(options, metrics)).value();
  EXPECT_EQ(journal->status().bytes, 0U);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    ASSERT_TRUE(test::append(*journal, 0, {std::string(75'000, 'f')}));
    journal->release(0, i);
  }
  // One in use, and spares of at most a segment for each partition.
  EXPECT_LE(journal->status().bytes, std::uint64_t{4} << 20);
  journal.reset();
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) bytes += entry.file_size();
  journal = std::move(LocalJournal::open(options, metrics)).value();
  EXPECT_LE(journal->status().bytes, bytes);
}

}  // namespace mesher::io::journal
