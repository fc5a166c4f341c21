#include <gtest/gtest.h>

#include <string>

#include "io/journal/env.hpp"
#include "io/journal/segment_files.hpp"
#include "support.hpp"

namespace mesher::io::journal {
namespace {

std::string read_all(File& file) {
  std::string out(file.size().value(), '?');
  const auto n = file.read(0, out.data(), out.size());
  EXPECT_TRUE(n);
  EXPECT_EQ(*n, out.size());
  return out;
}

TEST(PosixFile, zeros_are_written_whatever_their_alignment_and_writing_goes_on_as_before) {
  const test::TemporaryDirectory directory;
  auto file = std::move(Env::posix().open((directory.path() / "f").string(), OpenMode::create)).value();
  const std::string_view text = "text before";
  ASSERT_TRUE(file->write(0, {&text, 1}));
  constexpr std::uint64_t kMiB = 1 << 20;
  // What is there is overwritten, in pieces that direct I/O takes and in others.
  ASSERT_TRUE(file->write_zeros(0, 2 * kMiB));
  ASSERT_TRUE(file->write_zeros(2 * kMiB, 1000));
  ASSERT_TRUE(file->write_zeros(2 * kMiB + 1000, 3 * kMiB));
  EXPECT_EQ(read_all(*file), std::string(5 * kMiB + 1000, '\0'));

  const std::string_view odd = "written at an odd place";
  ASSERT_TRUE(file->write(12'345, {&odd, 1}));
  ASSERT_TRUE(file->sync());
  std::string read(odd.size(), '\0');
  ASSERT_TRUE(file->read(12'345, read.data(), read.size()));
  EXPECT_EQ(read, odd);
  EXPECT_EQ(file->size().value(), 5 * kMiB + 1000);
}

TEST(SegmentFiles, writes_end_with_a_page_only_where_the_file_has_that_page) {
  EXPECT_EQ(zeros_to_page_end(64, 1 << 20), std::string(4096 - 64, '\0'));
  EXPECT_EQ(zeros_to_page_end(8192, 1 << 20), "");
  EXPECT_EQ(zeros_to_page_end(8200, 12'288), std::string(4088, '\0'));
  EXPECT_EQ(zeros_to_page_end(8200, 12'287), "");
  EXPECT_EQ(zeros_to_page_end(8200, 0), "");
}

}  // namespace
}  // namespace mesher::io::journal
