// The journal against a model of what it promised, on a disk that does everything disks do. Each seed is one long life:
// appends alone and in groups, reads, releases, crashes at any operation, power cuts, failed writes and syncs, full
// disks, flipped bytes, cut and deleted files. The promises checked at every read and at the end:
// every acknowledged record whose own frame was not spoilt is read exactly once, in order, as it was written; nothing
// that was never appended is read; the journal always opens, and always accepts again once disk and space are there.
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <thread>

#include "graph/base/log.hpp"
#include "graph/base/metrics.hpp"
#include "support.hpp"

namespace mesher::io::journal {
namespace {

struct Promise {
  bool acknowledged = false;
  bool excused = false;  ///< its frame was spoilt
};

struct PartitionModel {
  std::vector<std::string> appended;         ///< in order
  std::vector<Promise> promises;             ///< of each
  std::map<std::string, std::size_t> index;  ///< of the bytes in `appended`
  std::uint64_t cursor = 0;                  ///< as the database has it
  std::size_t read_below = 0;                ///< index behind the last record below the cursor
};

/// honest: crashes, power cuts, failed writes, no space; there is never damage to report. lies: syncs fail too, and the
/// next one claims success without having written what the failed one lost. spoils: somebody changes files as well.
enum class Disk : std::uint8_t { honest, lies, spoils };

class Life {
 public:
  Life(std::uint64_t seed, Disk disk) : random_(seed), env_(seed), disk_(disk) {
    options_.directory = "/j";
    options_.max_bytes = pick(2) == 0 ? 1 << 20 : 3 << 20;
    options_.min_free_disk = 0;
    options_.segment_bytes = 1 << (13 + pick(6));
    options_.prepare_ahead = pick(4) == 0;
    options_.env = &env_;
    options_.clock = &clock_;
    open();
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) step();
    heal();
    for (std::uint32_t p = 0; p < kPartitions; ++p) drain_all(p);
    if (disk_ == Disk::honest) {
      EXPECT_EQ(metrics_.counter("mesher_journal_damaged_bytes_total", "").value(), 0U);
      EXPECT_EQ(metrics_.counter("mesher_journal_damaged_records_total", "").value(), 0U);
    }
  }

 private:
  static constexpr std::uint32_t kPartitions = 2;

  std::size_t pick(std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_); }

  void step() {
    const auto what = pick(100);
    const auto partition = static_cast<std::uint32_t>(pick(kPartitions));
    if (what < 50) return append_some(partition, 1);
    if (what < 65) return append_some(partition, 2 + pick(8));
    if (what < 78) return static_cast<void>(drain(partition, 1 + pick(20)));
    if (what < 84) return journal_->release(partition, model_[partition].cursor);
    if (what < 86) return clock_.advance(std::chrono::milliseconds(pick(3000)));
    if (what < 88) {
      return env_.set_failures(disk_ == Disk::honest ? 0 : static_cast<unsigned>(pick(30)),
                               static_cast<unsigned>(pick(30)));
    }
    if (what < 90) return env_.set_failures(0, 0);
    if (what < 91) return env_.set_capacity(env_.used() + pick(100'000));
    if (what < 92) return env_.set_reported_free(pick(2) == 0 ? std::nullopt : std::optional(std::uint64_t{1} << 30));
    if (what < 93) return env_.set_capacity(std::uint64_t{1} << 40);
    if (what < 95) return crash(partition, false);
    if (what < 97) return crash(partition, true);
    if (what < 98) return reopen();
    if (disk_ == Disk::spoils) return spoil();
  }

  std::vector<std::string> make_records(std::uint32_t partition) {
    auto& model = model_[partition];
    std::vector<std::string> records(1 + pick(4));
    for (auto& record : records) {
      record = fmt::format("{}:{}:", partition, model.appended.size());
      record.append(pick(20) == 0 ? pick(20'000) : pick(200), static_cast<char>('a' + pick(26)));
      model.index[record] = model.appended.size();
      model.appended.push_back(record);
      model.promises.emplace_back();
    }
    return records;
  }

  /// Appends blocks without waiting in between, so that they share groups; answers whether the last was taken.
  bool append_blocks(std::uint32_t partition, std::size_t blocks) {
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    std::vector<std::promise<bool>> answers(blocks);
    for (auto& answer : answers) {
      const auto begin = model_[partition].appended.size();
      const auto records = make_records(partition);
      ranges.emplace_back(begin, begin + records.size());
      journal_->append(partition, test::block_of(records), [&](Status status) { answer.set_value(bool(status)); });
    }
    bool taken = false;
    for (std::size_t i = 0; i < blocks; ++i) {
      taken = answers[i].get_future().get();
      for (auto at = ranges[i].first; at < ranges[i].second; ++at) model_[partition].promises[at].acknowledged = taken;
    }
    return taken;
  }

  void append_some(std::uint32_t partition, std::size_t blocks) { append_blocks(partition, blocks); }

  /// Reads all there is. What one partition took since heal() may have filled the quota for the next: then reading and
  /// releasing goes on until a record is taken.
  void drain_all(std::uint32_t partition) {
    bool read = false;
    for (int i = 0; i < 1000 && !(read = drain(partition, ~std::size_t{0})); ++i) {
      read_waiting();
      clock_.advance(std::chrono::seconds(1));
    }
    EXPECT_TRUE(read) << "wedged: " << journal_->status().reason;
  }

  /// Reads up to `most` chunks from the cursor on; then the "database" commits, or not. False: nothing was read,
  /// because the journal takes nothing now that would surely end the wait of the last read.
  bool drain(std::uint32_t partition, std::size_t most) {
    if (!append_blocks(partition, 1)) return false;
    read_chunks(partition, most);
    return true;
  }

  void read_chunks(std::uint32_t partition, std::size_t most) {
    auto& model = model_[partition];
    const auto last = model.appended.size();
    auto cursor = model.cursor;
    auto below = model.read_below;
    for (std::size_t i = 0; i < most && below < last; ++i) {
      const auto chunk = journal_->read(partition, cursor, 1 + pick(50), 1 + pick(100'000), {});
      ASSERT_TRUE(chunk);
      ASSERT_GE(chunk->first, cursor);
      for (const auto entry : chunk->entries) {
        const auto at = model.index.find(std::string(entry));
        ASSERT_NE(at, model.index.end()) << "read what was never appended: " << entry.substr(0, 40);
        ASSERT_GE(at->second, below) << "read twice or out of order: " << entry.substr(0, 40);
        expect_excused(model, below, at->second);
        below = at->second + 1;
      }
      cursor = chunk->next;
      if (pick(4) == 0) model.cursor = cursor, model.read_below = below;
    }
    if (pick(8) != 0) model.cursor = cursor, model.read_below = below;
  }

  void expect_excused(const PartitionModel& model, std::size_t begin, std::size_t end) {
    for (auto i = begin; i < end; ++i) {
      const auto& promise = model.promises[i];
      ASSERT_TRUE(!promise.acknowledged || promise.excused) << "lost: " << model.appended[i].substr(0, 40);
    }
  }

  void open() {
    journal_.reset();
    auto opened = LocalJournal::open(options_, metrics_);
    for (int i = 0; !opened && i < 100; ++i)
      opened = LocalJournal::open(options_, metrics_);  // a faulty disk may refuse
    if (!opened) {
      env_.set_failures(0, 0);
      env_.set_capacity(std::uint64_t{1} << 40);
      opened = LocalJournal::open(options_, metrics_);
    }
    ASSERT_TRUE(opened) << opened.error().message;
    journal_ = std::move(opened).value();
    for (std::uint32_t p = 0; p < kPartitions; ++p) journal_->ensure_next_at_least(p, model_[p].cursor);
  }

  void reopen() {
    journal_.reset();
    env_.restart();
    open();
  }

  void crash(std::uint32_t partition, bool power) {
    env_.stop_after(1 + pick(12));
    for (int i = 0; i < 20 && !env_.stopped(); ++i) {
      append_blocks(partition, 1 + pick(4));
      clock_.advance(std::chrono::seconds(2));
    }
    env_.stop_after(0);
    journal_.reset();
    if (power) {
      env_.power_cut();
    } else {
      env_.restart();
    }
    open();
  }

  void heal() {
    env_.set_failures(0, 0);
    env_.set_capacity(std::uint64_t{1} << 40);
    env_.set_reported_free(std::nullopt);
    clock_.advance(std::chrono::seconds(2));
    // The quota may be reached: reading and releasing must be enough to be taken again. What is refused ends no wait,
    // so read up to what status() counts.
    for (std::uint32_t p = 0; p < kPartitions; ++p) {
      bool taken = false;
      for (int i = 0; i < 1000 && !(taken = append_blocks(p, 1)); ++i) {
        read_waiting();
        clock_.advance(std::chrono::seconds(1));
      }
      // One is enough: whether a second still has room depends on how the records before it came to share groups.
      ASSERT_TRUE(taken) << "wedged: " << journal_->status().reason;
    }
  }

  /// Reads one chunk of each partition that surely has one, and releases it.
  void read_waiting() {
    for (std::uint32_t p = 0; p < kPartitions; ++p) {
      auto& model = model_[p];
      bool some = false;
      for (auto i = model.read_below; i < model.appended.size(); ++i) {
        some = some || (model.promises[i].acknowledged && !model.promises[i].excused);
      }
      if (!some) {
        journal_->release(p, model.cursor);
        continue;
      }
      const auto chunk = journal_->read(p, model.cursor, 50, 1 << 20, {});
      ASSERT_TRUE(chunk);
      for (const auto entry : chunk->entries) {
        const auto at = model.index.find(std::string(entry));
        ASSERT_NE(at, model.index.end());
        expect_excused(model, model.read_below, at->second);
        model.read_below = at->second + 1;
      }
      model.cursor = chunk->next;
      journal_->release(p, model.cursor);
    }
  }

  // --- Spoiling files ---

  void excuse(std::string_view frame, const FrameHeader& header, std::uint32_t partition) {
    for (std::uint32_t i = 0; i < header.records; ++i) {
      const auto at = model_[partition].index.find(std::string(record_of(header, frame, i)));
      if (at != model_[partition].index.end()) model_[partition].promises[at->second].excused = true;
    }
  }

  /// Excuses the records of all frames that overlap [from, until).
  void excuse(const std::string& path, std::uint64_t from, std::uint64_t until) {
    const auto name = parse_file_name(std::string_view(path).substr(path.rfind('/') + 1));
    if (!name || name->spare) return;
    const auto content = env_.content(path);
    const auto id = decode_id();
    for (std::size_t at = kSegmentHeaderBytes; at < content.size(); at += kFrameAlignment) {
      const auto rest = std::string_view(content).substr(at);
      const auto header = decode_frame_header(rest, segment_key(id, name->partition, name->number));
      if (!header || header->frame_bytes() > rest.size() || !body_is_intact(*header, rest)) continue;
      if (at < until && at + header->frame_bytes() > from) excuse(rest, *header, name->partition);
    }
  }

  JournalId decode_id() const {
    JournalId id{};
    std::string digits = id_;
    std::erase(digits, '-');
    for (std::size_t i = 0; i < id.size(); ++i) {
      id[i] = static_cast<unsigned char>(std::stoi(digits.substr(i * 2, 2), nullptr, 16));
    }
    return id;
  }

  void spoil() {
    id_ = journal_->id();
    const bool while_open = pick(3) == 0;
    if (!while_open) {
      journal_.reset();
      env_.restart();
    }
    std::vector<std::string> segments;
    for (const auto& path : env_.files()) {
      if (path.ends_with(".segment")) segments.push_back(path);
    }
    if (!segments.empty()) spoil(segments[pick(segments.size())], while_open);
    if (!while_open) open();
    EXPECT_EQ(journal_->id(), id_);
  }

  void spoil(const std::string& path, bool while_open) {
    const auto content = env_.content(path);
    const auto how = pick(10);
    if (how < 7 || while_open) {
      for (std::size_t i = 0; i < 1 + pick(3) && !content.empty(); ++i) {
        const auto at = pick(content.size());
        excuse(path, at, at + 1);
        env_.flip(path, at, static_cast<char>(1 + pick(255)));
      }
    } else if (how == 7) {
      const auto size = pick(content.size() + 1);
      excuse(path, size, content.size());
      env_.plant(path, content.substr(0, size));
    } else if (how == 8) {
      excuse(path, 0, content.size());
      env_.erase(path);
    } else {
      auto identity = env_.content("/j/identity");
      const bool any_header = decode_segment_header(content).has_value();
      if (any_header) env_.plant("/j/identity", identity.substr(0, pick(identity.size() + 1)));
    }
  }

  std::mt19937_64 random_;
  test::MemoryEnv env_;
  ManualClock clock_;
  Metrics metrics_;
  Disk disk_;
  LocalJournalOptions options_;
  std::unique_ptr<LocalJournal> journal_;
  std::string id_;
  PartitionModel model_[kPartitions];
};

/// MESHER_SEEDS=n runs n lives of each kind, MESHER_SEED=n only that one.
void live(Disk disk, int steps) {
  if (std::getenv("MESHER_SEED") == nullptr) log::set_level(log::Level::error);
  const auto* count = std::getenv("MESHER_SEEDS");
  const auto* one = std::getenv("MESHER_SEED");
  const auto first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const auto last = one != nullptr ? first : (count != nullptr ? std::strtoull(count, nullptr, 10) : 30);
  for (auto seed = first; seed <= last && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life(seed, disk).run(steps);
  }
  log::set_level(log::Level::info);
}

}  // namespace

TEST(RESIL_03_journal_property, crashes_power_cuts_and_full_disks_lose_nothing_and_look_like_no_damage) {
  live(Disk::honest, 300);
}

TEST(RESIL_03_journal_property, failed_syncs_lose_nothing_acknowledged) {
  live(Disk::lies, 300);
}

TEST(RESIL_03_journal_property, spoilt_bytes_cost_only_the_frames_they_are_in) {
  live(Disk::spoils, 300);
}

}  // namespace mesher::io::journal
