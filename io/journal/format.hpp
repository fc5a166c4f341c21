#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The bytes of a journal on disk. Format 1, all integers little-endian.
///
/// Directory
///   identity                      text: what this is, format version, id of the journal, checksum (identity.hpp)
///   lock                          held by the process that has the journal open; holds its process id
///   p0-0000000000000001.segment   a segment: number 1, of partition 0
///   0000000000000007.spare        a released segment kept for reuse, or zeros written ahead
///
/// A segment is a header of 64 bytes and then frames, each beginning at a multiple of 8. What lies behind the last
/// frame is zeros or remains of the file's earlier lives.
///
///   segment header                             frame: one append block, all of it or nothing
///    0  8  "MESHJNL" 00                         0  4  F5 "MJF" (F5 never occurs in UTF-8)
///    8  4  format version, 1                    4  4  payload bytes
///   12  4  partition                            8  4  records, at least 1
///   16 16  id of the journal                   12  4  records of the same group before this frame
///   32  8  number of the segment               16  8  sequence of the first record
///   40  8  sequence behind the segment before  24  8  body checksum: XXH3-64 of payload, seeded by XXH3-64 of ends
///   48  8  sequence of the first record here   32  8  header checksum: XXH3-64 of bytes 0 to 31, seeded by the key
///   56  8  XXH3-64 of bytes 0 to 55            40     ends: 4 bytes a record, where it ends in the payload; payload;
///                                                     zeros up to a multiple of 8 (not covered by a checksum)
///
/// Invariants
///   1. Numbers are unique in a directory and only grow: a new one is above every number in a file name, and the name
///   is
///      durable before the first frame is written. The key of a frame is made of journal id, partition and number. So
///      frames of a file's earlier lives, of other journals or of files that were renamed never pass for live ones.
///   2. Sequences of a partition only grow; inside a segment they have no gaps. Numbers in between that were never
///      acknowledged (a refused write, a jump to the database's cursor) lie between "behind the segment before" and
///      "first here" of one segment header. Any other gap is damage, and its size is known.
///   3. A group is written with one write and made durable with one fdatasync. Whoever wrote a frame knew that all
///      records before its group were durable. So damage before a later group is real, and damage within the last group
///      is the torn end of a write that nobody was told of.
///   4. A segment is written only at its end; after any failed write or sync, and after a torn end, never again.
///   5. All that a segment header says can be had without it, but for what invariant 2 calls a gap: key from name and
///      identity, sequences from frames.
/// Assumed of the disk: overwriting bytes with the same bytes does not lose them in a power cut (PostgreSQL's WAL
/// assumes the same).
///
/// Worked example: journal 00112233-4455-6677-8899-aabbccddeeff, partition 1, segment 3, which begins at sequence 16
/// directly behind the segment before, with one frame of the two records "hello" and "world!" (format_test checks it):
///   00  4d 45 53 48 4a 4e 4c 00  01 00 00 00 01 00 00 00
///   10  00 11 22 33 44 55 66 77  88 99 aa bb cc dd ee ff
///   20  03 00 00 00 00 00 00 00  10 00 00 00 00 00 00 00
///   30  10 00 00 00 00 00 00 00  84 50 3e 87 09 72 ef 38
///   40  f5 4d 4a 46 0b 00 00 00  02 00 00 00 00 00 00 00
///   50  10 00 00 00 00 00 00 00  6a 27 37 c9 51 73 60 b5
///   60  80 c5 02 8d 97 4c 47 bf  05 00 00 00 0b 00 00 00
///   70  68 65 6c 6c 6f 77 6f 72  6c 64 21 00 00 00 00 00
namespace mesher::io::journal {

using JournalId = std::array<unsigned char, 16>;

constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kSegmentHeaderBytes = 64;
constexpr std::size_t kFrameHeaderBytes = 40;
constexpr std::size_t kFrameAlignment = 8;
/// Sequences are below; far above what is ever reached, and far enough below the type's end that nothing overflows.
constexpr std::uint64_t kMaxSequence = std::uint64_t{1} << 62;

constexpr std::uint64_t align_frame(std::uint64_t n) {
  return (n + kFrameAlignment - 1) & ~(kFrameAlignment - 1);
}

struct SegmentHeader {
  JournalId id{};
  std::uint32_t partition = 0;
  std::uint64_t number = 0;
  std::uint64_t previous_end = 0;
  std::uint64_t base = 0;
};
[[nodiscard]] std::array<char, kSegmentHeaderBytes> encode(const SegmentHeader& header);
/// Nothing if the bytes are not an undamaged header of this format version.
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

/// What the header checksums of a segment's frames are seeded with.
[[nodiscard]] std::uint64_t segment_key(const JournalId& id, std::uint32_t partition, std::uint64_t number);

struct FrameHeader {
  std::uint32_t payload_bytes = 0;
  std::uint32_t records = 0;
  std::uint32_t group_offset = 0;  ///< records of the same group before this frame
  std::uint64_t sequence = 0;
  std::uint64_t body_checksum = 0;

  [[nodiscard]] std::uint64_t frame_bytes() const {
    return align_frame(kFrameHeaderBytes + std::uint64_t{records} * 4 + payload_bytes);
  }
  [[nodiscard]] std::uint64_t end() const { return sequence + records; }
  /// Every record below this sequence was durable when the frame was written.
  [[nodiscard]] std::uint64_t durable_below() const { return sequence - group_offset; }
};
[[nodiscard]] std::array<char, kFrameHeaderBytes> encode(const FrameHeader& header, std::uint64_t key);
[[nodiscard]] std::uint64_t body_checksum(std::span<const std::uint32_t> ends, std::string_view payload);

/// Nothing unless `bytes` begins with an undamaged frame header under this key.
[[nodiscard]] std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint64_t key);
/// `frame` holds all of header.frame_bytes(): are ends and payload what was written?
[[nodiscard]] bool body_is_intact(const FrameHeader& header, std::string_view frame);
/// Record `index` of an intact frame, a view into it.
[[nodiscard]] std::string_view record_of(const FrameHeader& header, std::string_view frame, std::uint32_t index);
/// First offset from `from` on, by multiples of 8, where `bytes` holds the four bytes that begin a frame; bytes.size()
/// if none. `bytes` itself begins at an aligned offset.
[[nodiscard]] std::size_t find_frame_start(std::string_view bytes, std::size_t from);

/// File names. `parse_file_name` answers nothing for names that are not a segment's or a spare's.
struct FileName {
  bool spare = false;
  std::uint32_t partition = 0;
  std::uint64_t number = 0;
};
[[nodiscard]] std::string segment_name(std::uint32_t partition, std::uint64_t number);
[[nodiscard]] std::string spare_name(std::uint64_t number);
[[nodiscard]] std::optional<FileName> parse_file_name(std::string_view name);

}  // namespace mesher::io::journal
