#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/journal/env.hpp"
#include "io/journal/format.hpp"
#include "io/journal/segment.hpp"

namespace mesher::io::journal {

/// One partition as found on disk: segments in order, with their `end` known.
struct RecoveredPartition {
  std::vector<std::shared_ptr<Segment>> segments;
  std::uint64_t end = 0;   ///< sequence behind the last intact record
  std::uint64_t next = 0;  ///< sequence of the next record: `end`, or above it where an empty last segment begins
  /// The last segment has an intact header and a clean end: writing may go on there, at its end_offset.
  bool resumable = false;
};

struct Recovered {
  JournalId id{};
  bool id_is_stored = false;  ///< false: `identity` must be written (new journal, or the file was damaged)
  std::map<std::uint32_t, RecoveredPartition> partitions;
  std::vector<DirectoryEntry> spares;
  std::uint64_t next_number = 1;
  std::uint64_t segment_bytes = 0;  ///< of all segment files
};

/// Reads what a directory holds; changes nothing. Damage is no error: every intact frame of every segment will be
/// found. Only the last segment of each partition is read as a whole. Errors: invalid (newer format), denied,
/// unavailable (the directory or a file can't be opened now).
[[nodiscard]] Result<Recovered> recover(Env& env, const std::string& directory);

}  // namespace mesher::io::journal
