#include "io/journal/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "io/journal/identity.hpp"
#include "io/journal/recovery.hpp"

namespace mesher::io::journal {
namespace {

std::string name_in(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::optional<SegmentHeader> header_of(File& file, const JournalId& id, std::uint32_t partition, std::uint64_t number) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  const auto n = file.read(0, bytes.data(), bytes.size());
  if (!n || *n < bytes.size()) return std::nullopt;
  const auto header = decode_segment_header(bytes);
  const bool ours = header && header->id == id && header->partition == partition && header->number == number;
  return ours ? header : std::nullopt;
}

SegmentReport inspect_segment(Env& env, const JournalId& id, std::uint32_t partition, const Segment& segment,
                              std::optional<SegmentHeader>& header) {
  SegmentReport out;
  out.file = name_in(segment.path);
  out.number = segment.number;
  out.bytes = segment.file_bytes;
  auto file = env.open(segment.path, OpenMode::read);
  if (!file) return out;
  header = header_of(**file, id, partition, segment.number);
  const auto base = header ? std::optional(header->base) : std::nullopt;
  auto scan = scan_segment(**file, segment_key(id, partition, segment.number), segment.file_bytes, base);
  out.header_intact = header.has_value();
  out.first = scan.first.value_or(scan.end);
  out.end = scan.end;
  out.records = scan.records;
  out.used_bytes = scan.frames > 0 ? scan.end_offset : 0;
  out.gaps = std::move(scan.gaps);
  out.torn_end = scan.torn_end;
  return out;
}

void add_findings(const SegmentReport& segment, std::vector<std::string>& findings) {
  if (!segment.header_intact) {
    findings.push_back(
        fmt::format("{}: the header is damaged; {}", segment.file,
                    segment.records > 0 ? "the records are read all the same" : "nothing in it can be read"));
  }
  for (const auto& gap : segment.gaps) {
    if (!gap.damage) continue;
    findings.push_back(
        fmt::format("{}: {} records from sequence {} on are damaged ({} bytes at offset {}) and will be skipped",
                    segment.file, gap.records, gap.first, gap.bytes, gap.offset));
  }
  if (segment.torn_end) {
    findings.push_back(
        fmt::format("{}: an unfinished write at offset {} will be cut off; nobody was told it was stored", segment.file,
                    std::max<std::uint64_t>(segment.used_bytes, kSegmentHeaderBytes)));
  }
}

PartitionReport inspect_partition(Env& env, const JournalId& id, std::uint32_t number,
                                  const RecoveredPartition& recovered, std::vector<std::string>& findings) {
  PartitionReport out;
  out.partition = number;
  std::optional<std::uint64_t> end;  // of the records so far
  for (const auto& segment : recovered.segments) {
    std::optional<SegmentHeader> header;
    auto report = inspect_segment(env, id, number, *segment, header);
    const auto begins = header ? std::optional(header->previous_end)
                               : (report.records > 0 ? std::optional(report.first) : std::nullopt);
    if (end && begins && *begins > *end) {
      out.missing_records += *begins - *end;
      findings.push_back(fmt::format("partition {}: {} records before {} are damaged or missing (sequences {} to {})",
                                     number, *begins - *end, report.file, *end, *begins - 1));
    }
    if (report.records > 0) {
      end = report.end;
    } else if (begins) {
      end = std::max(end.value_or(0), *begins);
    }
    add_findings(report, findings);
    for (const auto& gap : report.gaps) {
      if (!gap.damage) continue;
      out.missing_records += gap.records;
      out.damaged_bytes += gap.bytes;
    }
    out.records += report.records;
    out.segments.push_back(std::move(report));
  }
  return out;
}

/// Nobody may write while we read; a directory that can't be locked for want of rights is read all the same.
Status check_not_in_use(Env& env, const std::string& directory, std::unique_ptr<FileLock>& held) {
  auto entries = env.list(directory);
  if (!entries) return entries.error();
  const bool journal = std::any_of(entries->begin(), entries->end(),
                                   [](auto& e) { return e.name == "identity" || parse_file_name(e.name).has_value(); });
  if (!journal) return Error{ErrorCode::not_found, fmt::format("there is no journal in {}", directory), {}};
  auto lock = env.lock(directory + "/lock");
  if (lock) {
    held = std::move(lock).value();
  } else if (lock.error().code == ErrorCode::conflict) {
    return lock.error();
  }
  return {};
}

}  // namespace

Result<JournalReport> inspect(const std::string& directory, Env& env) {
  std::unique_ptr<FileLock> lock;
  if (auto status = check_not_in_use(env, directory, lock); !status) return status.error();
  auto recovered = recover(env, directory);
  if (!recovered) return recovered.error();

  JournalReport out;
  out.id = to_text(recovered->id);
  out.identity_intact = recovered->id_is_stored;
  if (!out.identity_intact)
    out.findings.emplace_back("identity: missing or damaged; it will be restored from the segments");
  for (const auto& spare : recovered->spares) out.spare_bytes += spare.bytes;
  out.bytes = recovered->segment_bytes + out.spare_bytes;
  for (const auto& [number, partition] : recovered->partitions) {
    out.partitions.push_back(inspect_partition(env, recovered->id, number, partition, out.findings));
  }
  return out;
}

}  // namespace mesher::io::journal
