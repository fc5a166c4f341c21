#include "io/cli/backup_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <utility>

namespace mesher::cli {
namespace {

constexpr std::size_t kUnit = 512;
constexpr std::size_t kCopied = 256 * 1024;
using Header = std::array<char, kUnit>;

// Places in a header of ustar.
constexpr std::size_t kMode = 100, kSize = 124, kChecksum = 148, kType = 156, kMagic = 257;
constexpr std::uint64_t kMostInOctal = 077777777777;  // 8 GiB less one byte

void put(Header& header, std::size_t at, std::string_view text) {
  std::memcpy(header.data() + at, text.data(), text.size());
}

std::uint64_t sum_of(const Header& header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kUnit; ++i) {
    const bool checksum = i >= kChecksum && i < kChecksum + 8;
    sum += checksum ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

/// Sizes beyond eight gigabytes are in binary, as GNU tar writes them.
void put_size(Header& header, std::uint64_t bytes) {
  if (bytes <= kMostInOctal) return put(header, kSize, fmt::format("{:011o}", bytes));
  header[kSize] = static_cast<char>(0x80);
  for (std::size_t i = 0; i < 8; ++i) header[kSize + 11 - i] = static_cast<char>(bytes >> (8 * i) & 0xff);
}

std::optional<std::uint64_t> size_of(const Header& header) {
  std::uint64_t bytes = 0;
  if ((static_cast<unsigned char>(header[kSize]) & 0x80) != 0) {
    for (std::size_t i = 4; i < 12; ++i) bytes = bytes << 8 | static_cast<unsigned char>(header[kSize + i]);
    return bytes;
  }
  const auto* begin = header.data() + kSize;
  const auto [end, error] = std::from_chars(begin, begin + 11, bytes, 8);
  if (error != std::errc() || end == begin) return std::nullopt;
  return bytes;
}

Header header_of(const std::string& name, std::uint64_t bytes) {
  Header header{};
  put(header, 0, std::string_view(name).substr(0, 99));
  put(header, kMode, "0000600");
  put(header, kMode + 8, "0000000");
  put(header, kMode + 16, "0000000");
  put_size(header, bytes);
  put(header, kSize + 12, "00000000000");
  header[kType] = '0';
  put(header, kMagic, std::string_view("ustar\00000", 8));
  put(header, kChecksum, fmt::format("{:06o}", sum_of(header)));
  header[kChecksum + 7] = ' ';
  return header;
}

Error failure(const std::string& what) {
  const int reason = errno;
  return Error{reason == EACCES || reason == EPERM ? ErrorCode::denied : ErrorCode::unavailable,
               fmt::format("{}: {}", what, std::strerror(reason)), reason == ENOSPC ? "the disk is full" : ""};
}

Status write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("can't write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

// ---- writing

Result<BackupWriter> BackupWriter::create(const std::string& path) {
  if (access(path.c_str(), F_OK) == 0) {
    return Error{ErrorCode::conflict, path + " exists already", "name another file, or remove it first"};
  }
  // It holds everything: for its owner alone.
  const int file = ::open((path + ".partial").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failure("can't write " + path);
  return BackupWriter(path, file);
}

BackupWriter::BackupWriter(BackupWriter&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), bytes_(other.bytes_) {}

BackupWriter::~BackupWriter() {
  if (file_ < 0) return;
  close(file_);
  std::remove(draft().c_str());
}

Status BackupWriter::write(std::string_view bytes) {
  bytes_ += bytes.size();
  return write_all(file_, bytes);
}

Status BackupWriter::pad() {
  const auto over = bytes_ % kUnit;
  return over == 0 ? Status() : write(std::string(kUnit - over, '\0'));
}

Status BackupWriter::add(const std::string& name, std::string_view content) {
  const auto header = header_of(name, content.size());
  if (auto status = write({header.data(), header.size()}); !status) return status;
  if (auto status = write(content); !status) return status;
  return pad();
}

Status BackupWriter::add_from(const std::string& name, int descriptor) {
  const auto at = bytes_;
  const Header unknown{};  // how much comes is known at the end
  if (auto status = write({unknown.data(), unknown.size()}); !status) return status;
  std::string buffer(kCopied, '\0');
  while (true) {
    const auto n = ::read(descriptor, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("can't read what is to be backed up");
    if (n == 0) break;
    if (auto status = write({buffer.data(), static_cast<std::size_t>(n)}); !status) return status;
  }
  const auto header = header_of(name, bytes_ - at - kUnit);
  if (pwrite(file_, header.data(), header.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(header.size())) {
    return failure("can't write");
  }
  return pad();
}

Status BackupWriter::finish() {
  if (auto status = write(std::string(2 * kUnit, '\0')); !status) return status;
  if (fsync(file_) != 0) return failure("can't write " + path_);
  if (std::rename(draft().c_str(), path_.c_str()) != 0) return failure("can't write " + path_);
  close(std::exchange(file_, -1));
  return {};
}

// ---- reading

Result<BackupReader> BackupReader::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return Error{ErrorCode::not_found, "there is no file " + path, ""};
  if (file < 0) return failure("can't read " + path);
  return BackupReader(file);
}

BackupReader::BackupReader(BackupReader&& other) noexcept
    : file_(std::exchange(other.file_, -1)), left_(other.left_), padding_(other.padding_) {}

BackupReader::~BackupReader() {
  if (file_ >= 0) close(file_);
}

Status BackupReader::fill(char* to, std::size_t bytes) {
  while (bytes > 0) {
    const auto n = ::read(file_, to, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failure("can't read the backup");
    if (n == 0) return Error{ErrorCode::corrupt, "the backup is cut off", ""};
    to += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return {};
}

Result<std::optional<BackupReader::Entry>> BackupReader::next() {
  if (lseek(file_, static_cast<off_t>(left_ + padding_), SEEK_CUR) < 0) return failure("can't read the backup");
  left_ = padding_ = 0;
  Header header{};
  if (auto status = fill(header.data(), header.size()); !status) return status.error();
  if (header == Header{}) return std::optional<Entry>();
  std::uint64_t sum = 0;
  std::from_chars(header.data() + kChecksum, header.data() + kChecksum + 6, sum, 8);
  const auto bytes = size_of(header);
  if (sum != sum_of(header) || !bytes) return Error{ErrorCode::corrupt, "that is no backup of Mesher", ""};
  left_ = *bytes;
  padding_ = (kUnit - *bytes % kUnit) % kUnit;
  return std::optional(Entry{std::string(header.data(), strnlen(header.data(), 100)), *bytes});
}

Result<std::string> BackupReader::read(std::uint64_t most) {
  if (left_ > most) return Error{ErrorCode::corrupt, "an entry of the backup is too large", ""};
  std::string content(static_cast<std::size_t>(left_), '\0');
  if (auto status = fill(content.data(), content.size()); !status) return status.error();
  left_ = 0;
  return content;
}

Status BackupReader::copy_to(int descriptor) {
  std::string buffer(kCopied, '\0');
  while (left_ > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
    if (auto status = fill(buffer.data(), n); !status) return status;
    left_ -= n;
    if (auto status = write_all(descriptor, {buffer.data(), n}); !status) return status;
  }
  return {};
}

}  // namespace mesher::cli
