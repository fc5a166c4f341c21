#include "io/cli/backup_tools.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "io/journal/inspect.hpp"
#include "io/postgres/child_process.hpp"
#include "io/postgres/cluster_files.hpp"

namespace mesher::cli {
namespace fs = std::filesystem;
namespace {

/// Lets a journal be read that a server has open.
class SharedEnv final : public io::journal::Env {
 public:
  Result<std::unique_ptr<io::journal::File>> open(const std::string& path, io::journal::OpenMode mode) override {
    return real_.open(path, mode);
  }
  Status rename(const std::string& from, const std::string& to) override { return real_.rename(from, to); }
  Status remove(const std::string& path) override { return real_.remove(path); }
  Status create_directories(const std::string& path) override { return real_.create_directories(path); }
  Status sync_directory(const std::string& path) override { return real_.sync_directory(path); }
  Result<std::vector<io::journal::DirectoryEntry>> list(const std::string& path) override { return real_.list(path); }
  Result<std::uint64_t> free_space(const std::string& path) override { return real_.free_space(path); }
  Result<std::unique_ptr<io::journal::FileLock>> lock(const std::string& path) override {
    // Another error than "conflict": inspect() reads all the same.
    return Error{ErrorCode::denied, "not locked: " + path, ""};
  }

 private:
  Env& real_ = Env::posix();
};

bool is_program(const fs::path& path) {
  return access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<fs::path> find_tool(const std::string& name, int major) {
  std::vector<fs::path> folders;
  if (const char* named = std::getenv("MESHER_PG_BINDIR")) folders.emplace_back(named);
  std::vector<std::pair<int, fs::path>> installed;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version >= major) installed.emplace_back(version, entry.path() / "bin");
  }
  std::sort(installed.begin(), installed.end());
  for (auto& [version, folder] : installed) folders.push_back(std::move(folder));
  if (const auto found = postgres::find_programs(std::nullopt)) folders.push_back(*found);
  for (const auto& folder : folders) {
    if (is_program(folder / name)) return folder / name;
  }
  return Error{ErrorCode::not_found, fmt::format("there is no {} for PostgreSQL {}", name, major),
               fmt::format("install Debian's package postgresql-client-{}", major)};
}

Result<PipedTool> PipedTool::start(std::vector<std::string> arguments, std::vector<std::string> environment,
                                   Pipe pipe) {
  // Not at the end of the pipe: a write to a child that has ended is an error that we want to see.
  static_cast<void>(signal(SIGPIPE, SIG_IGN));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{ErrorCode::unavailable, "can't make a pipe", ""};
  PipedTool tool;
  tool.name_ = fs::path(arguments.front()).filename();
  std::string complaints = (fs::temp_directory_path() / "mesher-tool-XXXXXX").string();
  const int file = mkstemp(complaints.data());
  if (file >= 0) close(file);
  tool.complaints_ = std::move(complaints);
  const bool from_output = pipe == Pipe::from_output;
  postgres::Command command;
  command.arguments = std::move(arguments);
  command.output = tool.complaints_;
  command.environment = std::move(environment);
  (from_output ? command.output_to : command.input_from) = ends[from_output ? 1 : 0];
  const auto pid = postgres::spawn(command);
  close(ends[from_output ? 1 : 0]);
  tool.descriptor_ = ends[from_output ? 0 : 1];
  if (!pid) return pid.error();
  tool.pid_ = *pid;
  return tool;
}

PipedTool::PipedTool(PipedTool&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      complaints_(std::exchange(other.complaints_, {})) {}

void PipedTool::hang_up() {
  if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
}

Status PipedTool::wait() {
  hang_up();
  const auto code = postgres::wait_for_end(std::exchange(pid_, 0));
  if (!code) return code.error();
  if (*code == 0) return {};
  auto said = postgres::tail_of(complaints_, 600);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return Error{ErrorCode::unavailable, fmt::format("{} failed: {}", name_, said), ""};
}

PipedTool::~PipedTool() {
  hang_up();
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    static_cast<void>(postgres::wait_for_end(pid_));
  }
  if (!complaints_.empty()) std::remove(complaints_.c_str());
}

std::optional<JournalEnds> journal_ends(const fs::path& data_dir) {
  SharedEnv env;
  const auto report = io::journal::inspect((data_dir / "journal").string(), env);
  if (!report) return std::nullopt;
  JournalEnds ends;
  ends.id = report->id;
  for (const auto& partition : report->partitions) {
    std::uint64_t end = 0;
    for (const auto& segment : partition.segments) end = std::max(end, segment.end);
    ends.ends.emplace_back(partition.partition, end);
  }
  return ends;
}

Result<std::uint64_t> records_waiting(postgres::Connection& connection, const JournalEnds& ends) {
  std::uint64_t waiting = 0;
  for (const auto& [partition, end] : ends.ends) {
    const auto rows = connection.query(
        "select coalesce(max(position), 0) from journal_cursors where journal_id = $1 and partition = $2::integer",
        postgres::Params().text(ends.id).integer(partition));
    if (!rows) return rows.error();
    const auto position = static_cast<std::uint64_t>(rows->integer(0, 0));
    if (end > position) waiting += end - position;
  }
  return waiting;
}

}  // namespace mesher::cli
