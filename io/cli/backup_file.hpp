#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"

/// A backup is a tar archive (POSIX ustar), so that `tar tf` and `tar xf` can look into it:
///   manifest.json      what this is, see backup.cpp
///   files/<name>       small files of the data directory
///   database.dump      what pg_dump --format=custom gives, last
/// docs/backup.md has the rest. One thread at a time.
namespace mesher::cli {

/// Writes the archive beside its place and puts it there when it is whole.
class BackupWriter {
 public:
  /// Error: conflict (there is such a file already), denied.
  static Result<BackupWriter> create(const std::string& path);
  ~BackupWriter();  ///< removes what is not finished
  BackupWriter(BackupWriter&& other) noexcept;
  BackupWriter& operator=(BackupWriter&&) = delete;

  [[nodiscard]] Status add(const std::string& name, std::string_view content);
  /// All that can be read from `descriptor`, up to its end.
  [[nodiscard]] Status add_from(const std::string& name, int descriptor);
  /// Syncs it and gives it its name.
  [[nodiscard]] Status finish();
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  BackupWriter(std::string path, int file) : path_(std::move(path)), file_(file) {}
  [[nodiscard]] std::string draft() const { return path_ + ".partial"; }
  [[nodiscard]] Status write(std::string_view bytes);
  [[nodiscard]] Status pad();

  std::string path_;
  int file_ = -1;
  std::uint64_t bytes_ = 0;
};

/// Reads an archive from its beginning to its end.
class BackupReader {
 public:
  struct Entry {
    std::string name;
    std::uint64_t bytes = 0;
  };

  /// Error: not_found, denied.
  static Result<BackupReader> open(const std::string& path);
  ~BackupReader();
  BackupReader(BackupReader&& other) noexcept;
  BackupReader& operator=(BackupReader&&) = delete;

  /// The next entry, of which read() or copy_to() may be called; nothing at the end. Error: corrupt.
  [[nodiscard]] Result<std::optional<Entry>> next();
  /// The whole entry; for small ones. Error: corrupt (it is cut off, or larger than `most`).
  [[nodiscard]] Result<std::string> read(std::uint64_t most);
  /// Error: corrupt (it is cut off), unavailable (nobody reads the other end).
  [[nodiscard]] Status copy_to(int descriptor);

 private:
  explicit BackupReader(int file) : file_(file) {}
  [[nodiscard]] Status fill(char* to, std::size_t bytes);

  int file_ = -1;
  std::uint64_t left_ = 0, padding_ = 0;  ///< of the entry at hand
};

}  // namespace mesher::cli
