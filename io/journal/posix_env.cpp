#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "io/journal/env.hpp"

namespace mesher::io::journal {
namespace {

Error failure(std::string_view what, const std::string& path, int error) {
  Error out{
      ErrorCode::unavailable, fmt::format("can't {} {}: {}", what, path, std::generic_category().message(error)), {}};
  if (error == ENOENT) out.code = ErrorCode::not_found;
  if (error == EACCES || error == EPERM || error == EROFS) out.code = ErrorCode::denied;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) out.code = ErrorCode::exhausted;
  if (error == EIO || error == EUCLEAN) out.code = ErrorCode::corrupt;
  return out;
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// As direct I/O wants memory, for any block size there is. Never touched, so it is the kernel's page of zeros
/// throughout.
std::string_view aligned_zeros() {
  constexpr std::size_t kBytes = 1 << 20;
  static const void* const memory = ::mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {};
  return {static_cast<const char*>(memory), kBytes};
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const auto n = retry([&] { return ::pread(fd_, into + done, size - done, static_cast<off_t>(offset + done)); });
      if (n < 0) return failure("read", path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Status write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    constexpr std::size_t kAtOnce = 1024;  // IOV_MAX
    std::array<iovec, kAtOnce> vectors;
    while (!pieces.empty()) {
      const auto count = std::min(pieces.size(), kAtOnce);
      for (std::size_t i = 0; i < count; ++i) {
        vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
      }
      if (auto status = write_all({vectors.data(), count}, offset); !status) return status;
      pieces = pieces.subspan(count);
    }
    return {};
  }

  Status write_zeros(std::uint64_t offset, std::uint64_t size) override {
    const auto zeros = aligned_zeros();
    const int flags = ::fcntl(fd_, F_GETFL);
    const bool direct = !zeros.empty() && offset % zeros.size() == 0 && size % zeros.size() == 0 && flags >= 0 &&
                        ::fcntl(fd_, F_SETFL, flags | O_DIRECT) == 0;
    if (direct) {
      while (size > 0) {
        const auto n = retry([&] { return ::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(offset)); });
        if (n != static_cast<ssize_t>(zeros.size())) break;  // the way through the cache says what is wrong
        offset += zeros.size();
        size -= zeros.size();
      }
      if (::fcntl(fd_, F_SETFL, flags) != 0) return failure("write", path_, errno);
    }
    if (size == 0) return {};
    if (auto status = File::write_zeros(offset, size); !status) return status;
    return sync();
  }

  Status sync() override {
    // No retry: after a failed sync the kernel may have dropped what it could not write.
    if (::fdatasync(fd_) != 0) return failure("sync", path_, errno);
    return {};
  }

  Status truncate(std::uint64_t size) override {
    if (retry([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0)
      return failure("truncate", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info {};
    if (::fstat(fd_, &info) != 0) return failure("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  /// Writes every byte of the vectors (which it changes) and moves `offset` behind them.
  Status write_all(std::span<iovec> vectors, std::uint64_t& offset) {
    while (!vectors.empty()) {
      const auto n = retry(
          [&] { return ::pwritev(fd_, vectors.data(), static_cast<int>(vectors.size()), static_cast<off_t>(offset)); });
      if (n < 0) return failure("write", path_, errno);
      auto left = static_cast<std::size_t>(n);
      offset += left;
      while (!vectors.empty() && left >= vectors.front().iov_len) {
        left -= vectors.front().iov_len;
        vectors = vectors.subspan(1);
      }
      if (left > 0) {
        vectors.front().iov_base = static_cast<char*>(vectors.front().iov_base) + left;
        vectors.front().iov_len -= left;
      } else if (n == 0 && !vectors.empty()) {
        return failure("write", path_, EIO);
      }
    }
    return {};
  }

  int fd_;
  std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}
  ~PosixLock() override { ::close(fd_); }
  PosixLock(const PosixLock&) = delete;
  PosixLock& operator=(const PosixLock&) = delete;

 private:
  int fd_;
};

class PosixEnv final : public Env {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC | (mode == OpenMode::read ? O_RDONLY : O_RDWR);
    if (mode == OpenMode::create) flags |= O_CREAT | O_EXCL;
    const int fd = retry([&] { return ::open(path.c_str(), flags, 0600); });
    if (fd < 0) return failure("open", path, errno);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failure("rename", from, errno);
    return {};
  }

  Status remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return failure("remove", path, errno);
    return {};
  }

  Status create_directories(const std::string& path) override {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return {};
    std::filesystem::create_directories(path, error);
    if (error) return failure("create", path, error.value());
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    // The new directory's own name must survive a power cut as well.
    return sync_directory(std::filesystem::absolute(path).lexically_normal().parent_path().string());
  }

  Status sync_directory(const std::string& path) override {
    const int fd = retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return failure("open", path, errno);
    const int result = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    if (result != 0) return failure("sync", path, error);
    return {};
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return failure("list", path, errno);
    std::vector<DirectoryEntry> out;
    while (const dirent* entry = ::readdir(directory)) {
      struct stat info {};
      if (::fstatat(::dirfd(directory), entry->d_name, &info, 0) != 0 || !S_ISREG(info.st_mode)) continue;
      out.push_back({entry->d_name, static_cast<std::uint64_t>(info.st_size)});
    }
    ::closedir(directory);
    return out;
  }

  Result<std::uint64_t> free_space(const std::string& path) override {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) return failure("stat", path, errno);
    return std::uint64_t{info.f_bavail} * info.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    const int fd = retry([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); });
    if (fd < 0) return failure("open", path, errno);
    auto held = std::make_unique<PosixLock>(fd);
    std::array<char, 32> text{};
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return failure("lock", path, errno);
      const auto n = ::pread(fd, text.data(), text.size() - 1, 0);
      const std::string_view owner(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
      return Error{ErrorCode::conflict,
                   fmt::format("data directory is in use by process {}", owner.substr(0, owner.find('\n'))),
                   "stop that process, or use another data directory"};
    }
    // Only a note for whoever finds the lock taken: a full disk must not keep the journal from opening.
    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd, 0) == 0) [[maybe_unused]]
      const auto n = ::pwrite(fd, pid.data(), pid.size(), 0);
    return std::unique_ptr<FileLock>(std::move(held));
  }
};

}  // namespace

Status File::write_zeros(std::uint64_t offset, std::uint64_t size) {
  const std::string zeros(std::min<std::uint64_t>(size, 1 << 20), '\0');
  while (size > 0) {
    const std::string_view piece(zeros.data(), std::min<std::uint64_t>(size, zeros.size()));
    if (auto status = write(offset, {&piece, 1}); !status) return status;
    offset += piece.size();
    size -= piece.size();
  }
  return {};
}

Env& Env::posix() {
  static PosixEnv env;
  return env;
}

}  // namespace mesher::io::journal
