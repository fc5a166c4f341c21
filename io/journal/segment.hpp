#pragma once

#include <cstdint>
#include <string>

namespace mesher::io::journal {

/// One segment file of a partition. Immutable but for what its writer publishes through SegmentLog, under the log's
/// mutex (`end`, `end_offset`), and what only its reader uses.
struct Segment {
  std::uint64_t number = 0;
  std::uint64_t key = 0;  ///< segment_key() of its frames
  std::string path;
  std::uint64_t previous_end = 0;  ///< sequence behind the segment before
  std::uint64_t base = 0;          ///< sequence of its first record
  std::uint64_t end = 0;           ///< sequence behind its last durable record
  std::uint64_t end_offset = 0;    ///< frames are looked for before this offset
  std::uint64_t file_bytes = 0;    ///< on disk; touched by the writer, and by retire() when nobody writes any more

  /// Reader: damage below this offset has been reported.
  std::uint64_t reported_below = 0;
};

}  // namespace mesher::io::journal
