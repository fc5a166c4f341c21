#include "io/journal/segment_scan.hpp"

#include <algorithm>

#include "io/journal/scanner.hpp"

namespace mesher::io::journal {

bool SegmentScan::clean() const {
  return !torn_end && std::all_of(gaps.begin(), gaps.end(), [](const Gap& gap) { return gap.damage; });
}

SegmentScan scan_segment(File& file, std::uint64_t key, std::uint64_t file_bytes, std::optional<std::uint64_t> base) {
  constexpr std::size_t kWindow = 1 << 20;
  SegmentScan out;
  out.end = base.value_or(0);
  bool known = base.has_value();
  Scanner scanner(file, key, kSegmentHeaderBytes, file_bytes, kWindow);
  while (const auto frame = scanner.next()) {
    const auto& header = frame->header;
    if (known && header.end() <= out.end) continue;  // can't be: sequences only grow
    if (frame->offset != out.end_offset || (known && header.sequence > out.end)) {
      const auto expected = known ? out.end : header.sequence;
      out.gaps.push_back({out.end_offset, frame->offset - out.end_offset, expected, header.sequence - expected, false});
    }
    for (auto& gap : out.gaps) gap.damage = gap.damage || header.durable_below() > gap.first;
    known = true;
    if (!out.first) out.first = header.sequence;
    out.end = header.end();
    out.end_offset = frame->end_offset();
    out.records += header.records;
    ++out.frames;
  }
  out.torn_end = scanner.saw_broken_frame();
  return out;
}

}  // namespace mesher::io::journal
