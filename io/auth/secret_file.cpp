#include "io/auth/secret_file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace mesher::auth {
namespace {

constexpr std::size_t kBytes = 32;

Error failure(const std::filesystem::path& file) {
  return {ErrorCode::unavailable, file.string() + ": " + std::strerror(errno), {}};
}

Result<std::string> read_all(int fd, const std::filesystem::path& file) {
  std::array<char, 4096> buffer{};
  const auto size = read(fd, buffer.data(), buffer.size());
  if (size < 0) return failure(file);
  std::string text(buffer.data(), static_cast<std::size_t>(size));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.size() < kBytes) return Error{ErrorCode::invalid, file.string() + ": holds no secret", {}};
  return text;
}

}  // namespace

Result<std::string> load_or_make_secret(const std::filesystem::path& file) {
  if (const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC); fd >= 0) {
    auto text = read_all(fd, file);
    close(fd);
    return text;
  }
  if (errno != ENOENT) return failure(file);
  if (sodium_init() < 0) return Error{ErrorCode::internal, "libsodium can't be set up", {}};
  std::array<unsigned char, kBytes> random{};
  randombytes_buf(random.data(), random.size());
  std::array<char, 2 * kBytes + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
  const std::string text(hex.data());
  // Complete or not there at all, whatever happens in between; the first of two wins.
  const auto draft = file.string() + "." + text.substr(0, 8);
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return failure(draft);
  const auto line = text + "\n";
  const bool written = write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && fsync(fd) == 0;
  close(fd);
  const bool placed = written && link(draft.c_str(), file.c_str()) == 0;
  const bool lost = written && !placed && errno == EEXIST;
  const auto error = failure(file);
  unlink(draft.c_str());
  if (placed) return text;
  return lost ? load_or_make_secret(file) : Result<std::string>(error);
}

}  // namespace mesher::auth
