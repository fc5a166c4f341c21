#include "io/journal/scanner.hpp"

#include <algorithm>
#include <cstring>

#include "nodes/ports/journal.hpp"

namespace mesher::io::journal {

Scanner::Scanner(File& file, std::uint64_t key, std::uint64_t from, std::uint64_t limit, std::size_t window)
    : file_(file), key_(key), position_(from), limit_(limit), window_(align_frame(window)) {
  MESHER_ASSERT(from % kFrameAlignment == 0);
}

std::optional<Frame> Scanner::next() {
  saw_broken_frame_ = false;
  auto at = position_;
  while (at + kFrameHeaderBytes <= limit_) {
    if (auto frame = frame_at(at)) {
      position_ = frame->end_offset();
      return frame;
    }
    at = search(at + kFrameAlignment);
  }
  return std::nullopt;
}

std::optional<Frame> Scanner::frame_at(std::uint64_t offset) {
  const auto header = decode_frame_header(view(offset, kFrameHeaderBytes), key_);
  if (!header) return std::nullopt;
  const auto size = header->frame_bytes();
  const auto bytes = size <= limit_ - offset ? view(offset, size) : std::string_view();
  if (bytes.empty() || !body_is_intact(*header, bytes)) {
    saw_broken_frame_ = true;
    return std::nullopt;
  }
  shared_ = true;
  return Frame{*header, offset, bytes, memory_};
}

std::uint64_t Scanner::search(std::uint64_t from) {
  while (from + kFrameHeaderBytes <= limit_) {
    view(from, kFrameHeaderBytes);
    const std::string_view bytes(memory_.get(), size_);
    const auto found = find_frame_start(bytes, from - begin_);
    if (found < bytes.size()) return begin_ + found;
    from = align_frame(begin_ + size_);
  }
  return limit_;
}

std::string_view Scanner::view(std::uint64_t offset, std::uint64_t size) {
  if (memory_ == nullptr || offset < begin_ || offset + size > begin_ + size_) {
    fill(offset,
         static_cast<std::size_t>(std::min<std::uint64_t>(std::max<std::uint64_t>(size, window_), limit_ - offset)));
  }
  return {memory_.get() + (offset - begin_), static_cast<std::size_t>(size)};
}

void Scanner::fill(std::uint64_t offset, std::size_t size) {
  if (shared_ || capacity_ < size) {
    memory_ = std::make_shared_for_overwrite<char[]>(size + nodes::ports::kReadPadding);
    capacity_ = size;
    shared_ = false;
  }
  begin_ = offset;
  size_ = size;
  char* const into = memory_.get();
  std::memset(into + size, 0, nodes::ports::kReadPadding);

  std::size_t have = 0;
  if (const auto n = file_.read(offset, into, size)) {
    have = *n;
  } else {
    constexpr std::size_t kPage = 4096;
    for (std::size_t at = 0; at < size; at += kPage) {
      const auto want = std::min(kPage, size - at);
      const auto got = file_.read(offset + at, into + at, want);
      const auto valid = got ? *got : 0;
      std::memset(into + at + valid, 0, want - valid);
    }
    have = size;
  }
  std::memset(into + have, 0, size - have);  // the file is shorter than it was
}

}  // namespace mesher::io::journal
