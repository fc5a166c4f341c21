#include "nodes/archive.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "graph/base/log.hpp"
#include "nodes/sink.hpp"

namespace mesher::nodes {
namespace {

constexpr UnixMicros kDay = 86'400'000'000;

std::string day_name(UnixMicros time) {
  const auto seconds = static_cast<std::time_t>(time / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday);
}

/// An open file that cleans up after itself.
class File {
 public:
  explicit File(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)) {
    if (fd_ < 0) throw std::runtime_error(fmt::format("{}: {}", path.string(), std::strerror(errno)));
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// All or nothing, and on disk.
  void append(std::string_view bytes) {
    const off_t size = ::lseek(fd_, 0, SEEK_END);
    while (!bytes.empty()) {
      const auto written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(size);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(fd_) != 0) fail(size);
  }

 private:
  [[noreturn]] void fail(off_t size) {
    const int error = errno;
    if (size >= 0 && ::ftruncate(fd_, size) != 0) {
      throw std::runtime_error(fmt::format("{}, and what was written can't be taken back", std::strerror(error)));
    }
    throw std::runtime_error(std::strerror(error));
  }

  int fd_;
};

/// Makes a folder's new entries durable.
void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

class ArchiveNode final : public Sink {
 public:
  ArchiveNode(UnixMicros start, const graph::Options& options)
      : path_(options.string("path")), start_(start), level_(static_cast<int>(options.integer("compression"))) {}
  ~ArchiveNode() override { join(); }

  Status start() override {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) {
      return Error{ErrorCode::invalid, fmt::format("archive: can't make {}: {}", path_.string(), error.message()), {}};
    }
    if (::access(path_.c_str(), W_OK) != 0) {
      return Error{ErrorCode::invalid, fmt::format("archive: can't write into {}", path_.string()), {}};
    }
    return Sink::start();
  }

 protected:
  bool write(const std::vector<const EventBatch*>& batches, std::stop_token stop) override {
    std::map<std::pair<std::uint32_t, UnixMicros>, std::string> files;
    for (const auto* batch : batches) {
      for (const auto& event : batch->events) {
        auto& text = files[{event.project_id, event.received / kDay}];
        append_line(event, text);
        text += '\n';
      }
    }
    auto wait = std::chrono::milliseconds(100);
    for (auto file = files.begin(); file != files.end();) {
      if (stop.stop_requested()) return false;
      try {
        append(file->first.first, file->first.second * kDay, file->second);
        ++file;  // what is written is not written again when a later file fails
      } catch (const std::runtime_error& error) {
        log::error("archive", "writing failed, will try again: {}", error.what());
        if (!pause(wait, stop)) return false;
        wait = std::min(wait * 2, std::chrono::milliseconds(30'000));
      }
    }
    return true;
  }

 private:
  void append(std::uint32_t project, UnixMicros day, const std::string& text) {
    const auto folder = path_ / std::to_string(project);
    const auto file = folder / fmt::format("{}.{}.ndjson.zst", day_name(day), start_);
    const bool is_new = !std::filesystem::exists(file);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    std::string frame(ZSTD_compressBound(text.size()), '\0');
    const auto size = ZSTD_compress(frame.data(), frame.size(), text.data(), text.size(), level_);
    if (ZSTD_isError(size) != 0) throw std::runtime_error(ZSTD_getErrorName(size));
    File(file).append(std::string_view(frame).substr(0, size));
    if (is_new) {
      sync_folder(folder);
      sync_folder(path_);
    }
  }

  std::filesystem::path path_;
  UnixMicros start_;
  int level_;
};

}  // namespace

graph::NodeSpec archive_spec(const Clock* clock) {
  graph::NodeSpec spec;
  spec.type = "archive";
  spec.help =
      "Keeps every event in files by project and day (UTC, of reception): one line of JSON an event, compressed with "
      "zstd. "
      "Synced before the event counts as done; after a crash some events may be there twice.";
  spec.consumes = EventBatch::kKind;
  spec.produces = "none";
  spec.options = {
      {"path", graph::OptionType::string, "", "Folder for the files; made if it is not there.", true},
      {"compression", graph::OptionType::integer, "3", "Level of zstd.", false, 1, 19},
  };
  spec.make = [clock](const graph::Options& options) -> Result<graph::MadeNode> {
    return graph::MadeNode{nullptr, std::make_unique<ArchiveNode>(clock->now(), options)};
  };
  return spec;
}

}  // namespace mesher::nodes
