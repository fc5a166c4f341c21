#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "io/journal/env.hpp"
#include "io/journal/figures.hpp"
#include "io/journal/scanner.hpp"
#include "io/journal/segment_log.hpp"
#include "io/journal/segment_scan.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::io::journal {

/// Reads the durable records of one partition in order, whatever the state of its files: what can't be read is skipped,
/// counted and logged once. Remembers where it stopped, so that reading on costs one pread for each chunk. Used by one
/// thread at a time.
class Reader {
 public:
  Reader(Env& env, SegmentLog& log, Figures& figures) : env_(env), log_(log), figures_(figures) {}

  /// Like Journal::read, but never waits. A chunk without entries: all that there is from `from` on is damaged or gone,
  /// go on at its `next`. Error: the file can't be opened just now (unavailable).
  [[nodiscard]] Result<nodes::ports::ReadChunk> read(std::uint64_t from, std::size_t max_records,
                                                     std::size_t max_bytes);

  /// Skipped since start. Any thread.
  [[nodiscard]] std::uint64_t damaged_records() const { return damaged_records_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t damaged_bytes() const { return damaged_bytes_.load(std::memory_order_relaxed); }

 private:
  /// Entries that were read together and not yet given away.
  struct Ready {
    std::shared_ptr<const char[]> memory;
    std::vector<std::string_view> entries;
    std::size_t given = 0;
    std::uint64_t first = 0;  ///< sequence of entries[0]

    [[nodiscard]] bool empty() const { return given == entries.size(); }
    [[nodiscard]] std::uint64_t end() const { return first + entries.size(); }
  };

  void seek(std::uint64_t from);
  Status load(std::size_t max_records, std::size_t max_bytes);
  Status enter(const SegmentLog::View& view);
  void leave();
  bool fetch(const SegmentLog::View& view);
  void accept(const Frame& frame);
  void end_of_segment(const SegmentLog::View& view);
  void report(Segment& segment, const Gap& gap);

  Env& env_;
  SegmentLog& log_;
  Figures& figures_;

  std::uint64_t next_ = 0;      ///< sequence behind all that was given away or skipped
  std::uint64_t expected_ = 0;  ///< sequence behind the last frame in `segment_` that was looked at
  std::shared_ptr<Segment> segment_;
  std::unique_ptr<File> file_;
  std::optional<Scanner> scanner_;
  std::vector<Gap> gaps_;      ///< seen in `segment_`; damage if a later group turns up, else a torn end
  std::optional<Frame> held_;  ///< looked at, not yet part of `ready_`
  Ready ready_;
  std::atomic<std::uint64_t> damaged_records_{0};
  std::atomic<std::uint64_t> damaged_bytes_{0};
};

}  // namespace mesher::io::journal
