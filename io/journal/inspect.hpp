#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/journal/env.hpp"
#include "io/journal/segment_scan.hpp"

namespace mesher::io::journal {

/// What one segment file holds.
struct SegmentReport {
  std::string file;  ///< name within the directory
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;  ///< on disk
  bool header_intact = false;
  std::uint64_t first = 0, end = 0;  ///< sequences of the intact records: [first, end)
  std::uint64_t records = 0;
  std::uint64_t used_bytes = 0;  ///< up to the end of the last intact frame
  std::vector<Gap> gaps;         ///< damage, and torn ends of unacknowledged groups
  bool torn_end = false;         ///< an unfinished write behind the last intact frame: normal after a crash
};

struct PartitionReport {
  std::uint32_t partition = 0;
  std::vector<SegmentReport> segments;  ///< in order
  std::uint64_t records = 0;
  std::uint64_t missing_records = 0;  ///< damaged, or in segments that are gone
  std::uint64_t damaged_bytes = 0;
};

struct JournalReport {
  std::string id;
  bool identity_intact = false;
  std::uint64_t bytes = 0;        ///< of all files
  std::uint64_t spare_bytes = 0;  ///< of these, kept for reuse
  std::vector<PartitionReport> partitions;
  std::vector<std::string> findings;  ///< sentences for people: what is damaged, and what that means
};

/// Reads every frame of a journal that no process has open, and changes nothing. Errors: not_found (no journal there),
/// conflict (a process has it open), invalid (newer format), denied, unavailable.
[[nodiscard]] Result<JournalReport> inspect(const std::string& directory, Env& env = Env::posix());

}  // namespace mesher::io::journal
