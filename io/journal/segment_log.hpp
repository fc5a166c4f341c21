#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "io/journal/figures.hpp"
#include "io/journal/segment.hpp"
#include "io/journal/segment_files.hpp"

namespace mesher::io::journal {

/// The segments of one partition, in order: where its writer, its readers and release() meet. Any thread.
class SegmentLog {
 public:
  /// `keep_last`: the last segment stays even when all of it is released, since it knows the next sequence.
  SegmentLog(SegmentFiles& files, Figures& figures, std::vector<std::shared_ptr<Segment>> segments, std::uint64_t end,
             bool keep_last);
  ~SegmentLog();  ///< removes what is released
  SegmentLog(const SegmentLog&) = delete;
  SegmentLog& operator=(const SegmentLog&) = delete;

  // For the writer.
  void add(std::shared_ptr<Segment> segment);
  /// All records of the last segment below `end`, at offsets below `end_offset`, are durable.
  void publish(Segment& segment, std::uint64_t end, std::uint64_t end_offset, std::uint64_t records);
  /// Takes a segment without records out again and removes its file.
  void discard(const Segment& segment);

  // For readers.
  struct View {
    std::shared_ptr<Segment> segment;
    std::uint64_t end = 0;
    std::uint64_t end_offset = 0;
    bool last = false;
  };
  /// The first segment that has records from `sequence` on.
  [[nodiscard]] std::optional<View> find(std::uint64_t sequence) const;
  [[nodiscard]] bool contains(const Segment& segment) const;
  /// Blocks until there are durable records from `sequence` on; false when `stop` was requested.
  bool wait_for(std::uint64_t sequence, const std::stop_token& stop);

  void release(std::uint64_t sequence);
  /// Removes what is released. A segment that a reader holds gets a second chance to become a spare: the next sweep.
  void sweep();

  [[nodiscard]] std::uint64_t end() const;       ///< behind the last durable record
  [[nodiscard]] std::uint64_t released() const;  ///< the highest sequence that was passed to release()
  [[nodiscard]] std::uint64_t waiting() const;   ///< durable records that are not released

 private:
  [[nodiscard]] std::uint64_t count_waiting() const;
  void set_waiting(std::uint64_t records);

  SegmentFiles& files_;
  Figures& figures_;
  const bool keep_last_;

  mutable std::mutex mutex_;
  std::condition_variable_any grown_;
  std::deque<std::shared_ptr<Segment>> segments_;
  std::vector<std::shared_ptr<Segment>> leaving_;  ///< released, but held by a reader at the last sweep
  std::uint64_t end_;
  std::uint64_t released_ = 0;
  std::uint64_t waiting_ = 0;
};

}  // namespace mesher::io::journal
