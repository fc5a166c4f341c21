#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "io/journal/env.hpp"
#include "io/journal/figures.hpp"
#include "io/journal/reader.hpp"
#include "io/journal/segment_files.hpp"
#include "io/journal/segment_log.hpp"
#include "io/journal/writer.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::io::journal {

struct RecoveredPartition;

struct LocalJournalOptions {
  std::filesystem::path directory;                         ///< made if it does not exist
  std::uint32_t partitions = 2;                            ///< at most 1024
  std::uint64_t max_bytes = std::uint64_t{4} << 30;        ///< on disk, all partitions; at least 1 MiB
  std::uint64_t min_free_disk = std::uint64_t{256} << 20;  ///< appends are refused while less than this is free
  /// Size of a full-grown segment (at most an eighth of max_bytes, shared by the partitions): what released records
  /// may still take on disk, per partition, and twice that with the spare file kept for reuse.
  std::uint64_t segment_bytes = std::uint64_t{32} << 20;
  std::uint64_t max_queued_bytes = std::uint64_t{32}
                                   << 20;  ///< waiting to be written, per partition; over it: exhausted
  bool prepare_ahead = true;               ///< write zeros ahead, for quicker and steadier syncs
  Env* env = nullptr;                      ///< the real file system if null
  const Clock* clock = nullptr;            ///< the system's if null
};

/// The journal on a local disk. It opens whatever a crash, a bad disk or a careless hand left there, finds every intact
/// record, and takes appends again by itself once there is space: there is no state that needs a manual step.
///
/// What format.hpp says of the files holds. Threads: one writer for each configured partition, asleep unless there is
/// something to write, and one that prepares a segment now and then. `done` of append() is called by the writer (or by
/// append() itself for a refusal): it must be quick and must not throw. Readers should go on where they stopped:
/// reading elsewhere searches from the beginning of a segment. Memory: `max_queued_bytes` and one read chunk for each
/// partition.
class LocalJournal final : public nodes::ports::Journal {
 public:
  /// Errors: conflict (another process has it open), denied, unavailable, exhausted (no space even for the lock file),
  /// invalid (written by a newer version). Damage is no error. `metrics` must outlive the journal.
  static Result<std::unique_ptr<LocalJournal>> open(LocalJournalOptions options, Metrics& metrics);

  /// Commits what is queued. No reader may be in read() any more.
  ~LocalJournal() override;

  /// Records appended from now on get sequences of at least `sequence`: the database's cursor. To be called once for
  /// each partition after open() and before the first append: what a damaged disk took away at the end must not make
  /// new records look like finished ones.
  void ensure_next_at_least(std::uint32_t partition, std::uint64_t sequence);

  /// Configured ones, and beyond these the ones of an earlier configuration that still hold records to be read. Blocks
  /// for partition p go to p modulo the configured number.
  [[nodiscard]] std::uint32_t partitions() const override { return static_cast<std::uint32_t>(partitions_.size()); }
  [[nodiscard]] std::string id() const override;
  /// Also error too_large: the block is larger than max_block_bytes(). One partition takes all as long as little waits
  /// to be written: larger groups, fewer syncs. The others help under load.
  void append(nodes::ports::AppendBlock block, Appended done) override;
  void append(std::uint32_t partition, nodes::ports::AppendBlock block, Appended done);
  std::optional<nodes::ports::ReadChunk> read(std::uint32_t partition, std::uint64_t from, std::size_t max_records,
                                              std::size_t max_bytes, std::stop_token stop) override;
  void release(std::uint32_t partition, std::uint64_t sequence) override;
  [[nodiscard]] nodes::ports::JournalStatus status() const override;

  /// Bytes of the largest block that is taken; depends on max_bytes, at most 256 MiB.
  [[nodiscard]] std::uint64_t max_block_bytes() const { return max_block_bytes_; }

 private:
  struct Partition {
    std::unique_ptr<SegmentLog> log;
    std::unique_ptr<Writer> writer;  ///< none: of an earlier configuration
    std::mutex reading;              ///< guards reader
    std::unique_ptr<Reader> reader;
  };

  LocalJournal(LocalJournalOptions options, Metrics& metrics);
  Status start();
  void add_partition(std::uint32_t number, RecoveredPartition recovered);
  [[nodiscard]] std::uint32_t least_busy() const;

  LocalJournalOptions options_;
  Env& env_;
  SystemClock system_clock_;
  const Clock& clock_;
  Figures figures_;
  std::uint64_t max_block_bytes_ = 0;
  JournalId id_{};
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<SegmentFiles> files_;
  std::vector<std::unique_ptr<Partition>> partitions_;
};

}  // namespace mesher::io::journal
