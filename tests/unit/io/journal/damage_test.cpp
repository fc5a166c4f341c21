// A small journal, spoilt at every byte in turn.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "io/journal/inspect.hpp"
#include "support.hpp"

namespace mesher::io::journal {
namespace {

using test::append;
using test::bytes_of;
using test::MemoryEnv;
using test::read_all;

constexpr auto kSegment = "/j/p0-0000000000000001.segment";

struct Quiet {
  Quiet() { log::set_level(log::Level::error); }
  ~Quiet() { log::set_level(log::Level::info); }
};

LocalJournalOptions options_for(MemoryEnv& env) {
  LocalJournalOptions options;
  options.directory = "/j";
  options.partitions = 1;
  options.min_free_disk = 0;
  options.prepare_ahead = false;
  options.env = &env;
  return options;
}

struct SmallFrame {
  std::size_t begin = 0, end = 0;  ///< in the file
  std::vector<std::string> records;
};

/// Four groups of one frame each; where they lie; and the files as they are after a clean end.
struct Small {
  std::string segment, identity;
  std::vector<SmallFrame> frames;

  Small() {
    MemoryEnv env;
    Metrics metrics;
    auto journal = std::move(LocalJournal::open(options_for(env), metrics)).value();
    std::size_t at = kSegmentHeaderBytes;
    const std::vector<std::vector<std::string>> blocks{
        {"one", "two"}, {"three"}, {"", "four", "fifth record"}, {"six"}};
    for (const auto& records : blocks) {
      EXPECT_TRUE(append(*journal, 0, records));
      const auto size = env.content(kSegment).size();
      frames.push_back({at, size, records});
      at = size;
    }
    journal.reset();
    segment = env.content(kSegment);
    identity = env.content("/j/identity");
  }

  [[nodiscard]] std::vector<std::string> records_of(const std::set<std::size_t>& which) const {
    std::vector<std::string> out;
    for (const auto i : which) out.insert(out.end(), frames[i].records.begin(), frames[i].records.end());
    return out;
  }
};

/// Opens a journal that has this segment file, reads everything, and proves that it takes records afterwards.
struct Outcome {
  std::vector<std::string> records;
  nodes::ports::JournalStatus status;
};
Outcome survive(const Small& small, std::string segment) {
  MemoryEnv env;
  Metrics metrics;
  env.plant("/j/identity", small.identity);
  env.plant(kSegment, std::move(segment));
  Outcome out;
  for (int life = 0; life < 2; ++life) {
    auto opened = LocalJournal::open(options_for(env), metrics);
    EXPECT_TRUE(opened);
    if (!opened) return out;
    const auto records = bytes_of(read_all(**opened, 0));
    if (life == 0) {
      out.records = records;
      out.status = (*opened)->status();
    } else {
      EXPECT_EQ(records, out.records);  // up to the mark of the first life
    }
  }
  return out;
}

}  // namespace

TEST(RESIL_03_journal_damage, a_segment_cut_at_any_byte_keeps_every_whole_frame) {
  const Quiet quiet;
  const Small small;
  for (std::size_t size = 0; size <= small.segment.size(); ++size) {
    std::set<std::size_t> whole;
    for (std::size_t i = 0; i < small.frames.size(); ++i) {
      if (small.frames[i].end <= size) whole.insert(i);
    }
    const auto outcome = survive(small, small.segment.substr(0, size));
    ASSERT_EQ(outcome.records, small.records_of(whole)) << "cut at " << size;
    ASSERT_EQ(outcome.status.damaged_records, 0U) << "a torn end is no damage; cut at " << size;
  }
}

TEST(RESIL_03_journal_damage, a_flipped_byte_costs_one_frame_and_is_counted) {
  const Quiet quiet;
  const Small small;
  for (std::size_t at = 0; at < small.segment.size(); ++at) {
    for (const char mask : {char(0x01), char(0x80), char(0xff)}) {
      auto spoilt = small.segment;
      spoilt[at] = static_cast<char>(spoilt[at] ^ mask);
      std::set<std::size_t> intact{0, 1, 2, 3};
      std::size_t hit = 99;
      for (std::size_t i = 0; i < small.frames.size(); ++i) {
        if (at >= small.frames[i].begin && at < small.frames[i].end) hit = i;
      }
      const auto outcome = survive(small, spoilt);
      const bool all = outcome.records == small.records_of(intact);
      intact.erase(hit);
      const bool padding = all && hit != 99;  // bytes that say nothing
      if (hit == 99 || padding) {
        ASSERT_TRUE(all) << "byte " << at;
        ASSERT_EQ(outcome.status.damaged_records, 0U);
        ASSERT_TRUE(hit == 99 || small.segment[at] == '\0') << "byte " << at << " is not covered by a checksum";
      } else {
        ASSERT_EQ(outcome.records, small.records_of(intact)) << "byte " << at;
        // What lies at the end looks like a torn write; all else is damage whose size is known.
        ASSERT_EQ(outcome.status.damaged_records, hit == 3 ? 0U : small.frames[hit].records.size()) << "byte " << at;
      }
    }
  }
}

TEST(RESIL_03_journal_damage, files_full_of_anything_do_not_keep_it_from_opening) {
  const Quiet quiet;
  const Small small;
  std::vector<std::string> strange{"", std::string(1, '\0'), std::string(100'000, '\0'), std::string(100'000, '\xff')};
  std::mt19937_64 random(7);
  for (int i = 0; i < 50; ++i) {
    std::string bytes(random() % 3000, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    if (i % 2 == 0) bytes.insert(0, small.segment.substr(0, 64));
    for (std::size_t at = 64; at + 4 < bytes.size(); at += 8 * (1 + random() % 20)) bytes.replace(at, 4, "\xF5MJF");
    strange.push_back(std::move(bytes));
  }
  strange.push_back(small.segment + small.segment);  // a second copy behind: sequences that were there already
  for (const auto& bytes : strange) {
    const auto outcome = survive(small, bytes);
    for (const auto& record : outcome.records) {
      const auto all = small.records_of({0, 1, 2, 3});
      ASSERT_NE(std::find(all.begin(), all.end(), record), all.end());
    }
  }
}

TEST(RESIL_03_journal_damage, a_missing_segment_in_the_middle_is_reported_with_its_size) {
  const Quiet quiet;
  MemoryEnv env;
  Metrics metrics;
  auto options = options_for(env);
  options.segment_bytes = 4096;
  auto journal = std::move(LocalJournal::open(options, metrics)).value();
  std::vector<std::string> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(std::to_string(i) + std::string(1500, 'x'));
    ASSERT_TRUE(append(*journal, 0, {all.back()}));
  }
  journal.reset();
  auto report = inspect("/j", env);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->findings.empty());
  const auto& segments = report->partitions.at(0).segments;
  ASSERT_GE(segments.size(), 4U);
  const auto gone = segments[2];
  env.erase("/j/" + gone.file);

  report = inspect("/j", env);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->partitions.at(0).missing_records, gone.records);
  ASSERT_EQ(report->findings.size(), 1U);

  journal = std::move(LocalJournal::open(options, metrics)).value();
  const auto records = read_all(*journal, 0);
  EXPECT_EQ(records.size(), all.size() - gone.records);
  EXPECT_EQ(journal->status().damaged_records, gone.records);
  for (const auto& record : records) EXPECT_EQ(record.bytes, all[record.sequence]);
}

TEST(RESIL_03_journal_damage, damage_is_counted_once_however_often_it_is_read) {
  const Quiet quiet;
  const Small small;
  MemoryEnv env;
  Metrics metrics;
  env.plant("/j/identity", small.identity);
  auto spoilt = small.segment;
  spoilt[small.frames[1].begin + kFrameHeaderBytes + 5] ^= 1;
  env.plant(kSegment, spoilt);
  auto journal = std::move(LocalJournal::open(options_for(env), metrics)).value();
  for (int i = 0; i < 5; ++i) read_all(*journal, 0);
  EXPECT_EQ(journal->status().damaged_records, 1U);
  EXPECT_EQ(journal->status().damaged_bytes, small.frames[1].end - small.frames[1].begin);
}

TEST(RESIL_03_journal_damage, a_bad_sector_costs_what_lies_on_it) {
  const Quiet quiet;
  MemoryEnv env;
  Metrics metrics;
  auto journal = std::move(LocalJournal::open(options_for(env), metrics)).value();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(append(*journal, 0, {std::to_string(i) + std::string(1000, 'x')}));
  env.set_bad_byte(10'000);
  const auto records = read_all(*journal, 0);
  EXPECT_GE(records.size(), 14U);  // one page of 4 KiB lost
  EXPECT_LT(records.size(), 20U);
  for (const auto& record : records) EXPECT_TRUE(record.bytes.starts_with(std::to_string(record.sequence) + "x"));
  EXPECT_EQ(journal->status().damaged_records, 20 - records.size());
}

TEST(RESIL_03_journal_damage, wrong_owner_is_an_error_and_not_damage) {
  const Quiet quiet;
  const Small small;
  MemoryEnv env;
  Metrics metrics;
  env.plant("/j/identity", small.identity);
  env.plant(kSegment, small.segment);
  env.set_open_error(ErrorCode::denied);
  auto opened = LocalJournal::open(options_for(env), metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::denied);
  env.set_open_error(std::nullopt);
  opened = LocalJournal::open(options_for(env), metrics);
  ASSERT_TRUE(opened);
  EXPECT_EQ(bytes_of(read_all(**opened, 0)), small.records_of({0, 1, 2, 3}));
}

TEST(JournalInspect, tells_damage_and_torn_end_apart_and_changes_nothing) {
  const Quiet quiet;
  const Small small;
  MemoryEnv env;
  env.plant("/j/identity", small.identity);
  auto spoilt = small.segment;
  spoilt[small.frames[1].begin + 8] ^= 1;
  spoilt[small.frames[3].begin + kFrameHeaderBytes + 4] ^= 1;
  env.plant(kSegment, spoilt);
  const auto report = inspect("/j", env);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->identity_intact);
  const auto& partition = report->partitions.at(0);
  EXPECT_EQ(partition.records, 5U);
  EXPECT_EQ(partition.missing_records, 1U);
  EXPECT_TRUE(partition.segments.at(0).torn_end);
  EXPECT_EQ(report->findings.size(), 2U);
  EXPECT_EQ(env.content(kSegment), spoilt);
}

TEST(JournalInspect, refuses_while_a_process_has_the_journal_and_where_there_is_none) {
  MemoryEnv env;
  Metrics metrics;
  EXPECT_EQ(inspect("/j", env).error().code, ErrorCode::not_found);
  const auto journal = std::move(LocalJournal::open(options_for(env), metrics)).value();
  EXPECT_EQ(inspect("/j", env).error().code, ErrorCode::conflict);
}

}  // namespace mesher::io::journal
