#include "io/journal/format.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <bit>
#include <charconv>
#include <cstring>

namespace mesher::io::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are copied as they lie in memory");

constexpr std::string_view kSegmentMagic{"MESHJNL\0", 8};
constexpr std::string_view kFrameMagic{"\xF5MJF", 4};

template <class T>
void put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}
template <class T>
T take(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

std::array<char, kSegmentHeaderBytes> encode(const SegmentHeader& header) {
  std::array<char, kSegmentHeaderBytes> out{};
  std::memcpy(out.data(), kSegmentMagic.data(), kSegmentMagic.size());
  put(out.data() + 8, kFormatVersion);
  put(out.data() + 12, header.partition);
  std::memcpy(out.data() + 16, header.id.data(), header.id.size());
  put(out.data() + 32, header.number);
  put(out.data() + 40, header.previous_end);
  put(out.data() + 48, header.base);
  put(out.data() + 56, std::uint64_t{XXH3_64bits(out.data(), 56)});
  return out;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) return std::nullopt;
  if (take<std::uint64_t>(bytes.data() + 56) != XXH3_64bits(bytes.data(), 56)) return std::nullopt;
  if (take<std::uint32_t>(bytes.data() + 8) != kFormatVersion) return std::nullopt;
  SegmentHeader header;
  header.partition = take<std::uint32_t>(bytes.data() + 12);
  std::memcpy(header.id.data(), bytes.data() + 16, header.id.size());
  header.number = take<std::uint64_t>(bytes.data() + 32);
  header.previous_end = take<std::uint64_t>(bytes.data() + 40);
  header.base = take<std::uint64_t>(bytes.data() + 48);
  const bool sane = header.previous_end <= header.base && header.base < kMaxSequence;
  return sane ? std::optional(header) : std::nullopt;
}

std::uint64_t segment_key(const JournalId& id, std::uint32_t partition, std::uint64_t number) {
  std::array<char, 28> bytes{};
  std::memcpy(bytes.data(), id.data(), id.size());
  put(bytes.data() + 16, number);
  put(bytes.data() + 24, partition);
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::array<char, kFrameHeaderBytes> encode(const FrameHeader& header, std::uint64_t key) {
  std::array<char, kFrameHeaderBytes> out{};
  std::memcpy(out.data(), kFrameMagic.data(), kFrameMagic.size());
  put(out.data() + 4, header.payload_bytes);
  put(out.data() + 8, header.records);
  put(out.data() + 12, header.group_offset);
  put(out.data() + 16, header.sequence);
  put(out.data() + 24, header.body_checksum);
  put(out.data() + 32, std::uint64_t{XXH3_64bits_withSeed(out.data(), 32, key)});
  return out;
}

std::uint64_t body_checksum(std::span<const std::uint32_t> ends, std::string_view payload) {
  return XXH3_64bits_withSeed(payload.data(), payload.size(), XXH3_64bits(ends.data(), ends.size_bytes()));
}

std::optional<FrameHeader> decode_frame_header(std::string_view bytes, std::uint64_t key) {
  if (bytes.size() < kFrameHeaderBytes || !bytes.starts_with(kFrameMagic)) return std::nullopt;
  if (take<std::uint64_t>(bytes.data() + 32) != XXH3_64bits_withSeed(bytes.data(), 32, key)) return std::nullopt;
  FrameHeader header;
  header.payload_bytes = take<std::uint32_t>(bytes.data() + 4);
  header.records = take<std::uint32_t>(bytes.data() + 8);
  header.group_offset = take<std::uint32_t>(bytes.data() + 12);
  header.sequence = take<std::uint64_t>(bytes.data() + 16);
  header.body_checksum = take<std::uint64_t>(bytes.data() + 24);
  const bool sane = header.records > 0 && header.group_offset <= header.sequence && header.sequence < kMaxSequence;
  return sane ? std::optional(header) : std::nullopt;
}

bool body_is_intact(const FrameHeader& header, std::string_view frame) {
  const char* ends = frame.data() + kFrameHeaderBytes;
  const std::size_t ends_bytes = std::size_t{header.records} * 4;
  const char* payload = ends + ends_bytes;
  const std::uint64_t seed = XXH3_64bits(ends, ends_bytes);
  if (XXH3_64bits_withSeed(payload, header.payload_bytes, seed) != header.body_checksum) return false;
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < header.records; ++i) {
    const auto end = take<std::uint32_t>(ends + std::size_t{i} * 4);
    if (end < before || end > header.payload_bytes) return false;
    before = end;
  }
  return before == header.payload_bytes;
}

std::string_view record_of(const FrameHeader& header, std::string_view frame, std::uint32_t index) {
  const char* ends = frame.data() + kFrameHeaderBytes;
  const char* payload = ends + std::size_t{header.records} * 4;
  const auto begin = index == 0 ? 0U : take<std::uint32_t>(ends + std::size_t{index - 1} * 4);
  return {payload + begin, take<std::uint32_t>(ends + std::size_t{index} * 4) - begin};
}

std::size_t find_frame_start(std::string_view bytes, std::size_t from) {
  const auto magic = take<std::uint32_t>(kFrameMagic.data());
  for (std::size_t at = align_frame(from); at + kFrameMagic.size() <= bytes.size(); at += kFrameAlignment) {
    if (take<std::uint32_t>(bytes.data() + at) == magic) return at;
  }
  return bytes.size();
}

std::string segment_name(std::uint32_t partition, std::uint64_t number) {
  return fmt::format("p{}-{:016}.segment", partition, number);
}

std::string spare_name(std::uint64_t number) {
  return fmt::format("{:016}.spare", number);
}

std::optional<FileName> parse_file_name(std::string_view name) {
  FileName out;
  const char* at = name.data();
  const char* const end = at + name.size();
  if (name.starts_with('p')) {
    const auto parsed = std::from_chars(at + 1, end, out.partition);
    if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '-') return std::nullopt;
    at = parsed.ptr + 1;
  } else {
    out.spare = true;
  }
  if (std::from_chars(at, end, out.number).ec != std::errc()) return std::nullopt;
  // The way back decides: one file name for one meaning.
  const auto again = out.spare ? spare_name(out.number) : segment_name(out.partition, out.number);
  return again == name ? std::optional(out) : std::nullopt;
}

}  // namespace mesher::io::journal
