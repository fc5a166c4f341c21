#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "io/journal/figures.hpp"
#include "io/journal/segment_files.hpp"
#include "io/journal/segment_log.hpp"
#include "nodes/ports/journal.hpp"

namespace mesher::io::journal {

/// A block on its way into the log: one frame.
struct PendingBlock {
  nodes::ports::AppendBlock block;
  nodes::ports::Journal::Appended done;
  std::uint64_t checksum = 0;  ///< body_checksum() of the block
  std::uint64_t frame_bytes = 0;
  std::array<char, kFrameHeaderBytes> header{};
};

/// The growing end of one partition: writes groups of blocks, makes them durable, changes over to the next segment.
/// After a failed write or sync the segment is never written again: it is cut back to what is durable (or left, if even
/// that fails) and the next group begins a new one. Used by one thread.
class Tail {
 public:
  Tail(SegmentFiles& files, SegmentLog& log, Figures& figures, std::uint32_t partition, std::uint64_t next);

  /// Goes on in a segment that recovery found whole.
  void resume(std::unique_ptr<File> file, std::shared_ptr<Segment> segment);

  /// The next record gets at least this sequence.
  void advance_to(std::uint64_t sequence) { next_ = std::max(next_, sequence); }

  /// How many bytes of frames the next group may have, given the first of them.
  [[nodiscard]] std::uint64_t room_for(std::uint64_t first_frame) const;

  /// Writes the group and makes it durable, or refuses it as a whole.
  std::optional<Refusal> commit(std::span<PendingBlock> group);

  /// Would a small block be taken now? Makes a new segment if there is none.
  std::optional<Refusal> probe();

 private:
  [[nodiscard]] std::uint64_t limit_of_next() const;
  [[nodiscard]] bool continues(std::uint64_t bytes) const;
  std::optional<Refusal> make_room(std::uint64_t bytes);
  std::optional<Refusal> change_segment();
  Status write(std::span<PendingBlock> group);
  void abandon();
  void prepare_ahead();

  SegmentFiles& files_;
  SegmentLog& log_;
  Figures& figures_;
  const std::uint32_t partition_;
  std::uint64_t next_;  ///< sequence of the next record

  std::unique_ptr<File> file_;  ///< none: the next group begins a segment
  std::shared_ptr<Segment> segment_;
  std::uint64_t offset_ = 0;  ///< where the next frame goes: behind what is durable
  std::uint64_t limit_ = 0;   ///< size of the segment when it is full
  std::uint32_t changes_ = 0;
  bool asked_ahead_ = false;
  std::vector<std::string_view> pieces_;
};

}  // namespace mesher::io::journal
