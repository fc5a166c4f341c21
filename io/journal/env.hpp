#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

/// The seam between the journal and the file system: tests put one in its place that fails, fills up and loses power.
/// Codes of errors: not_found, denied, exhausted (no space, quota), corrupt (the device can't read or write: EIO),
/// conflict (locked), unavailable (all else).
namespace mesher::io::journal {

/// An open file. read() may be called from any thread at any time; the rest by one thread.
class File {
 public:
  virtual ~File() = default;
  /// Reads up to `size` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) = 0;
  /// Writes all pieces, one after another. After an error any part of them may have been written.
  virtual Status write(std::uint64_t offset, std::span<const std::string_view> pieces) = 0;
  /// Writes zeros, past the page cache where the file system can: nobody is going to read them. Leaves little to the
  /// next sync().
  virtual Status write_zeros(std::uint64_t offset, std::uint64_t size);
  /// fdatasync: what was written is durable. After an error what was written may be lost even if a later sync succeeds.
  virtual Status sync() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
};

/// Exclusive for as long as it lives.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode : std::uint8_t { read, write, create };  // write: must exist; create: must not

struct DirectoryEntry {
  std::string name;
  std::uint64_t bytes = 0;
};

class Env {
 public:
  virtual ~Env() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  virtual Status create_directories(const std::string& path) = 0;
  /// Makes creations, renames and removals in this directory durable.
  virtual Status sync_directory(const std::string& path) = 0;
  /// Regular files, in no order.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  /// Bytes that this user may still write on the file system of `path`.
  virtual Result<std::uint64_t> free_space(const std::string& path) = 0;
  /// Takes the lock file, made if need be. Error conflict: another process has it; the message says which.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;

  /// The real one: POSIX calls. Lives as long as the program.
  static Env& posix();
};

}  // namespace mesher::io::journal
