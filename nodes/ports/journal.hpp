#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

namespace mesher::nodes::ports {

/// Readable bytes behind every entry that read() returns (simdjson looks past the end of its input).
constexpr std::size_t kReadPadding = 64;

/// Records for one append, one after another in `bytes`; record i ends at `ends[i]`.
struct AppendBlock {
  std::string bytes;
  std::vector<std::uint32_t> ends;
};

/// What a reader gets: entries in order, `next` is where to go on. `memory` owns what the views point into.
struct ReadChunk {
  std::shared_ptr<const void> memory;
  std::vector<std::string_view> entries;
  std::uint64_t first = 0;  ///< sequence of the first entry (entries are consecutive unless damaged ones were skipped)
  std::uint64_t next = 0;   ///< sequence behind the last entry and behind whatever damage was skipped
};

struct JournalStatus {
  bool accepting = true;    ///< false: appends are refused now
  std::string reason;       ///< why not: "journal quota reached", "disk full", "write error"
  std::uint64_t bytes = 0;  ///< on disk, all partitions
  std::uint64_t quota = 0;
  std::uint64_t records_waiting = 0;                     ///< appended and not released
  std::uint64_t damaged_records = 0, damaged_bytes = 0;  ///< skipped since start
};

/// A durable log of opaque records in a few partitions: the local journal, or an engine such as Kafka behind the same
/// interface. All methods may be called from any thread.
class Journal {
 public:
  using Appended = std::function<void(Status)>;

  virtual ~Journal() = default;
  [[nodiscard]] virtual std::uint32_t partitions() const = 0;

  /// Identity of this log, made when it was created: cursors in the database belong to it.
  [[nodiscard]] virtual std::string id() const = 0;

  /// Appends all records of the block or none, to the partition that suits best now. `done` is called exactly once,
  /// from a thread of the journal, with success only when the records can no longer be lost. Errors: exhausted (quota,
  /// free-disk floor), unavailable (I/O error). A refusal that is known at once calls `done` before append() returns.
  virtual void append(AppendBlock block, Appended done) = 0;

  /// The next durable entries of a partition from sequence `from` on: at least one, at most `max_records` and about
  /// `max_bytes`. Blocks until there is one; nothing when `stop` is requested. `from` below what is kept: begins at the
  /// oldest kept entry.
  virtual std::optional<ReadChunk> read(std::uint32_t partition, std::uint64_t from, std::size_t max_records,
                                        std::size_t max_bytes, std::stop_token stop) = 0;

  /// Everything below `sequence` is finished and may be removed.
  virtual void release(std::uint32_t partition, std::uint64_t sequence) = 0;

  [[nodiscard]] virtual JournalStatus status() const = 0;
};

}  // namespace mesher::nodes::ports
