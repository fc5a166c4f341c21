#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "io/journal/env.hpp"
#include "io/journal/format.hpp"

namespace mesher::io::journal {

/// A stretch of a segment that holds no intact frame although intact ones follow.
struct Gap {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first = 0;  ///< sequence that was expected there
  std::uint64_t records = 0;
  bool damage = false;  ///< false: torn end of the last, unacknowledged group
};

/// All that the frames of one segment tell.
struct SegmentScan {
  std::optional<std::uint64_t> first;  ///< sequence of the first intact record
  std::uint64_t end = 0;               ///< sequence behind the last intact record; `base` if there is none
  std::uint64_t end_offset = kSegmentHeaderBytes;
  std::uint64_t frames = 0, records = 0;
  std::vector<Gap> gaps;
  /// Pieces of a frame lie behind the last intact one.
  bool torn_end = false;

  /// Writing may go on at end_offset: nothing there or behind can ever pass for a frame again.
  [[nodiscard]] bool clean() const;
};

/// Reads all of a segment. `base`: sequence of its first record, from its header, if known.
[[nodiscard]] SegmentScan scan_segment(File& file, std::uint64_t key, std::uint64_t file_bytes,
                                       std::optional<std::uint64_t> base);

}  // namespace mesher::io::journal
