#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "io/journal/env.hpp"
#include "io/journal/format.hpp"

namespace mesher::io::journal {

/// An intact frame. `bytes` points into `memory`, behind which ports::kReadPadding more bytes can be read.
struct Frame {
  FrameHeader header;
  std::uint64_t offset = 0;
  std::string_view bytes;
  std::shared_ptr<const char[]> memory;

  [[nodiscard]] std::uint64_t end_offset() const { return offset + bytes.size(); }
};

/// Walks over the intact frames of a segment file, whatever lies between them. Frames that were read together share
/// their memory. Where a frame is not intact it looks for the next intact one at every multiple of 8. A read error
/// (a bad sector) is a hole of zeros, page by page. Used by one thread at a time; `file` must outlive it.
class Scanner {
 public:
  /// Looks at the bytes [from, limit); `from` is where a frame begins. `window`: bytes read at once.
  Scanner(File& file, std::uint64_t key, std::uint64_t from, std::uint64_t limit, std::size_t window);

  void set_limit(std::uint64_t limit) { limit_ = limit; }
  void set_window(std::size_t bytes) { window_ = align_frame(bytes); }

  /// The next intact frame; nothing if there is none before the limit (then position() has not moved).
  [[nodiscard]] std::optional<Frame> next();

  /// Offset behind the last frame that next() returned.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  /// True if a frame that is not whole lies between that frame and where the search ended: its header is intact.
  [[nodiscard]] bool saw_broken_frame() const { return saw_broken_frame_; }

 private:
  std::optional<Frame> frame_at(std::uint64_t offset);
  std::uint64_t search(std::uint64_t from);
  std::string_view view(std::uint64_t offset, std::uint64_t size);
  void fill(std::uint64_t offset, std::size_t size);

  File& file_;
  std::uint64_t key_;
  std::uint64_t position_;
  std::uint64_t limit_;
  std::size_t window_;
  bool saw_broken_frame_ = false;

  std::shared_ptr<char[]> memory_;
  std::uint64_t begin_ = 0;  ///< offset of memory_[0]
  std::size_t size_ = 0;     ///< bytes in memory_
  std::size_t capacity_ = 0;
  bool shared_ = false;  ///< memory_ was handed out with a frame
};

}  // namespace mesher::io::journal
