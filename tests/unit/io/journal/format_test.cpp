#include "io/journal/format.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

namespace mesher::io::journal {
namespace {

JournalId example_id() {
  JournalId id{};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<unsigned char>(i * 0x11);
  return id;
}

std::string example() {
  const auto segment = encode(SegmentHeader{example_id(), 1, 3, 16, 16});
  const std::vector<std::uint32_t> ends{5, 11};
  const std::string payload = "helloworld!";
  FrameHeader header{11, 2, 0, 16, body_checksum(ends, payload)};
  const auto frame = encode(header, segment_key(example_id(), 1, 3));
  std::string out(segment.data(), segment.size());
  out.append(frame.data(), frame.size());
  out.append(reinterpret_cast<const char*>(ends.data()), 8);
  out += payload;
  out.resize(kSegmentHeaderBytes + header.frame_bytes());
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

TEST(JournalFormat, worked_example_of_the_header_is_what_is_written) {
  EXPECT_EQ(hex(example()),
            "4d4553484a4e4c000100000001000000"
            "00112233445566778899aabbccddeeff"
            "03000000000000001000000000000000"
            "100000000000000084503e870972ef38"
            "f54d4a460b0000000200000000000000"
            "10000000000000006a2737c9517360b5"
            "80c5028d974c47bf050000000b000000"
            "68656c6c6f776f726c64210000000000");
}

TEST(JournalFormat, headers_and_records_come_back_as_written) {
  const auto bytes = example();
  const auto segment = decode_segment_header(bytes);
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->id, example_id());
  EXPECT_EQ(segment->partition, 1U);
  EXPECT_EQ(segment->number, 3U);
  EXPECT_EQ(segment->previous_end, 16U);
  EXPECT_EQ(segment->base, 16U);

  const auto frame = std::string_view(bytes).substr(kSegmentHeaderBytes);
  const auto header = decode_frame_header(frame, segment_key(example_id(), 1, 3));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->frame_bytes(), frame.size());
  EXPECT_TRUE(body_is_intact(*header, frame));
  EXPECT_EQ(record_of(*header, frame, 0), "hello");
  EXPECT_EQ(record_of(*header, frame, 1), "world!");
}

TEST(JournalFormat, any_flipped_byte_is_noticed) {
  const auto bytes = example();
  const auto key = segment_key(example_id(), 1, 3);
  const std::size_t covered = kSegmentHeaderBytes + kFrameHeaderBytes + 8 + 11;  // all but the padding
  for (std::size_t i = 0; i < covered; ++i) {
    auto spoilt = bytes;
    spoilt[i] = static_cast<char>(spoilt[i] ^ 0x20);
    const auto frame = std::string_view(spoilt).substr(kSegmentHeaderBytes);
    const auto header = decode_frame_header(frame, key);
    const bool intact = decode_segment_header(spoilt) && header && body_is_intact(*header, frame);
    EXPECT_FALSE(intact) << "byte " << i;
  }
}

TEST(JournalFormat, frames_of_another_journal_partition_or_segment_do_not_pass) {
  const auto bytes = example();
  const auto frame = std::string_view(bytes).substr(kSegmentHeaderBytes);
  auto other = example_id();
  other[3] ^= 1;
  EXPECT_FALSE(decode_frame_header(frame, segment_key(other, 1, 3)));
  EXPECT_FALSE(decode_frame_header(frame, segment_key(example_id(), 2, 3)));
  EXPECT_FALSE(decode_frame_header(frame, segment_key(example_id(), 1, 4)));
}

TEST(JournalFormat, file_names_have_one_spelling) {
  EXPECT_EQ(segment_name(0, 1), "p0-0000000000000001.segment");
  EXPECT_EQ(spare_name(7), "0000000000000007.spare");
  const auto name = parse_file_name(segment_name(12, 123456789012345678));
  ASSERT_TRUE(name);
  EXPECT_FALSE(name->spare);
  EXPECT_EQ(name->partition, 12U);
  EXPECT_EQ(name->number, 123456789012345678U);
  EXPECT_TRUE(parse_file_name(spare_name(7))->spare);
  for (const auto* wrong : {"", "p", "p-1.segment", "p0-1.segment", "p0-0000000000000001.segment~", "identity", "lock",
                            "p00-0000000000000001.segment", "-000000000000001.spare", "p0-0000000000000001.spare"}) {
    EXPECT_FALSE(parse_file_name(wrong)) << wrong;
  }
}

}  // namespace mesher::io::journal
