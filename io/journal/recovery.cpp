#include "io/journal/recovery.hpp"

#include <algorithm>
#include <optional>

#include "graph/base/log.hpp"
#include "io/journal/identity.hpp"
#include "io/journal/scanner.hpp"
#include "io/journal/segment_scan.hpp"

namespace mesher::io::journal {
namespace {

/// A segment file as far as it is known without reading its frames.
struct Found {
  std::shared_ptr<Segment> segment;
  std::optional<SegmentHeader> header;  ///< of this journal, and intact
  std::unique_ptr<File> file;           ///< none: the device can't read it
  std::string first_bytes;
};

using FoundPartitions = std::map<std::uint32_t, std::vector<Found>>;

/// Opens a file, or null where the device can't.
Result<std::unique_ptr<File>> open_if_readable(Env& env, const std::string& path) {
  auto file = env.open(path, OpenMode::read);
  if (file) return file;
  const auto code = file.error().code;
  if (code == ErrorCode::corrupt || code == ErrorCode::not_found) return std::unique_ptr<File>();
  auto error = file.error();
  if (code == ErrorCode::denied)
    error.hint = "the files of the data directory must belong to the user that runs Mesher";
  return error;
}

std::string read_first_bytes(File& file) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  const auto n = file.read(0, bytes.data(), bytes.size());
  bytes.resize(n ? *n : 0);
  return bytes;
}

/// True for a file that never held a frame under its present number: a crash came right after it was made.
bool is_blank(const Found& found) {
  const auto earlier = decode_segment_header(found.first_bytes);
  if (earlier) return earlier->number < found.segment->number;
  return found.first_bytes.find_first_not_of('\0') == std::string::npos;
}

/// The id that most segment headers name.
std::optional<JournalId> id_by_vote(const std::vector<std::string>& first_bytes) {
  std::map<JournalId, std::size_t> votes;
  for (const auto& bytes : first_bytes) {
    if (const auto header = decode_segment_header(bytes)) ++votes[header->id];
  }
  const auto most = std::max_element(votes.begin(), votes.end(), [](auto& a, auto& b) { return a.second < b.second; });
  return most == votes.end() ? std::nullopt : std::optional(most->first);
}

/// Keeps the headers that belong to their file; finds the first record where the header is lost.
void identify(Found& found, const JournalId& id, std::uint32_t partition) {
  auto& segment = *found.segment;
  segment.key = segment_key(id, partition, segment.number);
  found.header = decode_segment_header(found.first_bytes);
  if (found.header &&
      (found.header->id != id || found.header->partition != partition || found.header->number != segment.number)) {
    found.header.reset();
  }
}

/// Sets base, previous_end, end of a segment that another one follows; `bound` is where that one begins, and becomes
/// where this one begins.
void settle_inner(Found& found, std::uint64_t& bound) {
  auto& segment = *found.segment;
  segment.end = bound;
  if (found.header) {
    segment.base = found.header->base;
    segment.previous_end = found.header->previous_end;
  } else {
    std::optional<Frame> first;
    if (found.file) first = Scanner(*found.file, segment.key, kSegmentHeaderBytes, segment.file_bytes, 1 << 16).next();
    segment.base = segment.previous_end = first ? first->header.sequence : bound;
    log::warn("journal", "{} has no valid header; {}", segment.path,
              first ? "its records are read all the same" : "nothing in it can be read");
  }
  // Out of order can only be what somebody copied here: nothing of it is read.
  segment.base = std::min(segment.base, bound);
  segment.previous_end = std::min(segment.previous_end, segment.base);
  bound = segment.previous_end;
}

/// Reads all of a partition's last segment.
void settle_last(Found& found, RecoveredPartition& out) {
  auto& segment = *found.segment;
  SegmentScan scan;
  if (found.header) scan.end = found.header->base;
  if (found.file) {
    scan = scan_segment(*found.file, segment.key, segment.file_bytes,
                        found.header ? std::optional(found.header->base) : std::nullopt);
  }
  segment.base = found.header ? found.header->base : scan.first.value_or(0);
  segment.previous_end = found.header ? found.header->previous_end : segment.base;
  segment.end = scan.end;
  segment.end_offset = scan.end_offset;
  out.resumable = found.header.has_value() && scan.clean();
  if (!scan.clean()) {
    log::info("journal", "{}: cut off an unfinished write at the end (offset {})", segment.path, scan.end_offset);
  }
  if (!found.header && scan.frames > 0) {
    log::warn("journal", "{} has no valid header; its {} records are read all the same", segment.path, scan.records);
  } else if (!found.header && !is_blank(found)) {
    // Not counted as damage: a segment that was just begun when the power went looks like this too.
    log::warn("journal", "{} holds nothing that can be read", segment.path);
  }
  out.end = scan.frames > 0 ? scan.end : segment.previous_end;
  out.next = scan.end;
}

RecoveredPartition settle(std::vector<Found>& found) {
  RecoveredPartition out;
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.segment->number < b.segment->number; });
  // A last segment of which nothing is left says nothing about sequences: those before it do.
  auto last = found.size() - 1;
  settle_last(found[last], out);
  while (last > 0 && !found[last].header && out.next == 0) settle_last(found[--last], out);
  for (std::size_t i = last + 1; i < found.size(); ++i) {
    auto& lost = *found[i].segment;
    lost.base = lost.previous_end = lost.end = out.end;
    out.resumable = false;
  }
  auto bound = found[last].segment->previous_end;
  for (std::size_t i = last; i-- > 0;) settle_inner(found[i], bound);
  for (auto& each : found) out.segments.push_back(std::move(each.segment));
  return out;
}

}  // namespace

Result<Recovered> recover(Env& env, const std::string& directory) {
  auto entries = env.list(directory);
  if (!entries) return entries.error();
  auto stored_id = read_identity(env, directory);
  if (!stored_id) return stored_id.error();

  Recovered out;
  FoundPartitions partitions;
  std::vector<std::string> first_bytes;
  for (const auto& entry : *entries) {
    const auto name = parse_file_name(entry.name);
    if (!name) continue;
    out.next_number = std::max(out.next_number, name->number + 1);
    if (name->spare) {
      out.spares.push_back(entry);
      continue;
    }
    const auto path = directory + "/" + entry.name;
    auto file = open_if_readable(env, path);
    if (!file) return file.error();
    Found found{std::make_shared<Segment>(), std::nullopt, std::move(file).value(), {}};
    found.segment->number = name->number;
    found.segment->path = path;
    found.segment->end_offset = found.segment->file_bytes = entry.bytes;
    if (found.file) found.first_bytes = read_first_bytes(*found.file);
    first_bytes.push_back(found.first_bytes);
    out.segment_bytes += entry.bytes;
    partitions[name->partition].push_back(std::move(found));
  }

  out.id_is_stored = stored_id->has_value();
  out.id = out.id_is_stored ? **stored_id : id_by_vote(first_bytes).value_or(make_journal_id());
  if (!out.id_is_stored && !first_bytes.empty()) {
    log::warn("journal", "{}/identity is missing or damaged; the segments say that the journal is {}", directory,
              to_text(out.id));
  }
  for (auto& [partition, found] : partitions) {
    for (auto& each : found) identify(each, out.id, partition);
    out.partitions.emplace(partition, settle(found));
  }
  return out;
}

}  // namespace mesher::io::journal
