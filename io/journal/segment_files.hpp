#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "graph/base/result.hpp"
#include "io/journal/env.hpp"
#include "io/journal/figures.hpp"
#include "io/journal/format.hpp"
#include "io/journal/segment.hpp"

namespace mesher::io::journal {

/// Why nothing can be appended now, and what the appender is told.
enum class Trouble : std::uint8_t { quota, disk, write };
struct Refusal {
  Trouble trouble = Trouble::write;
  Error error;
};

/// What to write behind the last byte at `offset`, so that the write ends with a page, if the file has that page: a
/// page that is written whole need not be read before. Empty where there is nothing to write.
[[nodiscard]] std::string_view zeros_to_page_end(std::uint64_t offset, std::uint64_t file_bytes);

/// The segment files of all partitions: gives numbers, makes and removes files, keeps the books of bytes against quota
/// and free-disk floor. Released files are kept as spares, as far as there is room: writing over them costs half of
/// what a growing file costs, which waits for the file system's own journal at every sync (90 against 170 µs for 60 KB
/// and fdatasync, and much more beside a database that syncs too). Where none is there, a background thread writes one
/// of zeros. Any thread may call anything.
class SegmentFiles {
 public:
  struct Options {
    std::string directory;
    JournalId id{};
    std::uint64_t max_bytes = 0;
    std::uint64_t min_free_disk = 0;
    std::uint64_t segment_bytes = 0;  ///< of a full-grown segment
    std::uint64_t spare_bytes = 0;    ///< kept at most
    bool prepare_ahead = true;
  };
  SegmentFiles(Env& env, Options options, Figures& figures, std::uint64_t next_number, std::uint64_t segment_bytes,
               std::vector<DirectoryEntry> spares);
  ~SegmentFiles();
  SegmentFiles(const SegmentFiles&) = delete;
  SegmentFiles& operator=(const SegmentFiles&) = delete;

  struct Created {
    std::unique_ptr<File> file;
    std::shared_ptr<Segment> segment;  ///< without records
  };
  /// A segment whose name and header are durable. Takes a spare if there is one.
  Result<Created> create(std::uint32_t partition, std::uint64_t previous_end, std::uint64_t base);

  /// Books `bytes` more on disk, giving up spares if need be; a refusal books nothing.
  std::optional<Refusal> grow(std::uint64_t bytes);
  /// The same without booking anything.
  std::optional<Refusal> check(std::uint64_t bytes);
  void shrink(std::uint64_t bytes);
  /// Removes the file of a segment nobody writes any more. `reusable`: nobody reads it either, so it may become a
  /// spare.
  void retire(const Segment& segment, bool reusable);
  /// Asks for a spare of that size, some time.
  void prepare(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// Grows whenever bytes were given back: a refusal for want of space is worth another try.
  [[nodiscard]] std::uint64_t times_freed() const { return times_freed_.load(std::memory_order_relaxed); }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Env& env() { return env_; }

 private:
  struct Spare {
    std::string path;
    std::uint64_t bytes = 0;
  };
  std::optional<Spare> take_spare();
  bool keep_spare(const Segment& segment);
  void drop_spares();
  bool remove(const std::string& path, std::uint64_t bytes);
  bool disk_has(std::uint64_t bytes);
  [[nodiscard]] Refusal quota_reached(std::uint64_t used) const;
  void run();
  void write_spare(std::uint64_t bytes);
  [[nodiscard]] std::string path_of(const std::string& name) const { return options_.directory + "/" + name; }

  Env& env_;
  Options options_;
  Figures& figures_;
  std::atomic<std::uint64_t> next_number_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> times_freed_{0};

  std::mutex mutex_;
  std::vector<Spare> spares_;
  std::vector<std::uint64_t> wanted_;  ///< sizes of the spares that were asked for
  bool stopping_ = false;
  std::condition_variable wake_;
  std::thread thread_;  ///< started by the first prepare()
};

}  // namespace mesher::io::journal
