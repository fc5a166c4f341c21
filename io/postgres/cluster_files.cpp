#include "io/postgres/cluster_files.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace mesher::postgres {
namespace fs = std::filesystem;
namespace {

constexpr int kOldestMajor = 14;
constexpr int kPort = 5432;                   // of a unix socket only: part of its name
constexpr std::size_t kMaxSocketFolder = 85;  // sun_path has 107 characters, "/.s.PGSQL.5432.lock" needs 19

int leading_number(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// PostgreSQL's owner: that of the cluster if there is one, else a user made for it.
Result<std::optional<RunAs>> choose_user(const fs::path& cluster) {
  if (geteuid() != 0) return std::optional<RunAs>();
  struct stat status {};
  if (stat(cluster.c_str(), &status) == 0 && status.st_uid != 0) {
    const passwd* user = getpwuid(status.st_uid);
    return std::optional(RunAs{status.st_uid, status.st_gid, user ? user->pw_name : fmt::format("#{}", status.st_uid)});
  }
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* user = getpwnam(name)) return std::optional(RunAs{user->pw_uid, user->pw_gid, name});
  }
  return Error{ErrorCode::denied,
               "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as",
               "run mesher as an ordinary user"};
}

/// The first parent that `user` can't pass through.
std::optional<fs::path> closed_parent(const fs::path& path, const RunAs& user) {
  fs::path at = "/";
  for (const auto& part : path.parent_path().relative_path()) {
    at /= part;
    struct stat status {};
    if (stat(at.c_str(), &status) != 0) continue;
    const mode_t needed = status.st_uid == user.uid ? S_IXUSR : status.st_gid == user.gid ? S_IXGRP : S_IXOTH;
    if ((status.st_mode & needed) == 0) return at;
  }
  return std::nullopt;
}

Error file_error(std::string_view what, const fs::path& path) {
  const auto code = errno == EACCES || errno == EPERM ? ErrorCode::denied : ErrorCode::unavailable;
  return {code, fmt::format("can't {} {}: {}", what, path.string(), std::strerror(errno)), {}};
}

/// A folder that only its owner can enter. One that somebody else made (below /tmp) is refused.
Status make_private_folder(const fs::path& path, const std::optional<RunAs>& owner) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return file_error("make", path);
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return file_error("look at", path);
  const uid_t wanted = owner ? owner->uid : geteuid();
  if (!S_ISDIR(status.st_mode) || (status.st_uid != wanted && status.st_uid != geteuid())) {
    return Error{ErrorCode::denied, fmt::format("{} belongs to somebody else", path.string()),
                 "start mesher as the user that made it, or use another data directory"};
  }
  if (owner && status.st_uid != owner->uid && chown(path.c_str(), owner->uid, owner->gid) != 0) {
    return file_error("give away", path);
  }
  if (chmod(path.c_str(), 0700) != 0) return file_error("close", path);
  return {};
}

fs::path sockets_folder(const fs::path& data_dir) {
  auto near = data_dir / "run";
  if (near.native().size() <= kMaxSocketFolder) return near;
  const auto hash = XXH3_64bits(data_dir.native().data(), data_dir.native().size());
  return fmt::format("/tmp/mesher-{}-{:016x}", geteuid(), hash);
}

/// Bytes of memory that this machine or container has.
std::uint64_t memory_size() {
  auto memory = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream limit("/sys/fs/cgroup/memory.max");
  std::uint64_t bytes = 0;
  if (limit >> bytes && bytes > 0) memory = std::min(memory, bytes);
  return memory;
}

std::string settings_text(const ClusterPaths& paths, const fs::path& programs, int major) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  const auto memory = memory_size() / kMiB;
  std::error_code ignored;
  const auto disk = fs::space(paths.cluster, ignored).available / kMiB;
  const auto buffers = std::clamp<std::uint64_t>(memory / 16, 32, 256);
  const auto wal = std::clamp<std::uint64_t>(disk / 16, 256, 4096);
  // Debian's and PostgreSQL's own packages are built with lz4; of others one can't know, and a server does not start
  // with a value that it was not built for.
  const bool packaged = programs.native().starts_with("/usr/lib/postgresql/");
  const auto* compression = major >= 15 && packaged ? "lz4" : "on";
  return fmt::format(
      R"(# Written by Mesher at every start. Put your own settings at the end of postgresql.conf.
listen_addresses = ''
unix_socket_directories = '{}'
unix_socket_permissions = 0700
port = {}
max_connections = 50
shared_buffers = {}MB
effective_cache_size = {}MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_locks_per_transaction = 256     # many daily partitions
# Nothing acknowledged is lost: these two are not for trading.
fsync = on
synchronous_commit = on
wal_level = minimal                 # backups are logical (mesher backup)
max_wal_senders = 0
wal_compression = {}
wal_buffers = 16MB
max_wal_size = {}MB
min_wal_size = 128MB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
autovacuum_max_workers = 2
autovacuum_naptime = 30s
autovacuum_vacuum_insert_scale_factor = 0.5
timezone = 'UTC'
log_timezone = 'UTC'
# A file a day, each overwritten a week later.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_min_messages = warning
log_checkpoints = off
log_autovacuum_min_duration = -1
log_min_error_statement = panic     # statements carry personal data
)",
      paths.sockets.string(), kPort, buffers, memory / 2, compression, wal);
}

Status write_file(const fs::path& path, const std::string& text, const std::optional<RunAs>& owner) {
  const fs::path draft = path.string() + ".new";
  {
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file) return file_error("write", draft);
  }
  if (owner && chown(draft.c_str(), owner->uid, owner->gid) != 0) return file_error("give away", draft);
  if (rename(draft.c_str(), path.c_str()) != 0) return file_error("replace", path);
  return {};
}

std::string first_line_of(const std::string& command) {
  std::string line;
  FILE* pipe = popen(command.c_str(), "re");
  if (!pipe) return line;
  std::array<char, 512> buffer{};
  if (fgets(buffer.data(), static_cast<int>(buffer.size()), pipe)) line = buffer.data();
  pclose(pipe);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.pop_back();
  return line;
}

std::vector<fs::path> program_folders() {
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("MESHER_PG_BINDIR")) return {chosen};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored))
    folders.push_back(entry.path() / "bin");
  std::stringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
  for (std::string part; std::getline(path, part, ':');) {
    if (access((part + "/initdb").c_str(), X_OK) == 0) folders.emplace_back(part);
  }
  if (folders.empty()) {
    if (auto folder = first_line_of("pg_config --bindir 2>/dev/null"); !folder.empty()) folders.emplace_back(folder);
  }
  return folders;
}

}  // namespace

ClusterPaths paths_of(const fs::path& data_dir) {
  ClusterPaths paths;
  std::error_code ignored;
  paths.data_dir = fs::weakly_canonical(data_dir, ignored);
  if (paths.data_dir.empty()) paths.data_dir = fs::absolute(data_dir, ignored);
  paths.cluster = paths.data_dir / "postgres";
  paths.sockets = sockets_folder(paths.data_dir);
  paths.output = paths.data_dir / "postgres-start.log";
  return paths;
}

Result<ClusterPaths> prepare_paths(const fs::path& data_dir) {
  std::error_code error;
  fs::create_directories(data_dir, error);
  if (error) {
    return Error{ErrorCode::denied, fmt::format("can't make {}: {}", data_dir.string(), error.message()),
                 "use --data-dir with a place that you may write to"};
  }
  auto paths = paths_of(data_dir);
  auto user = choose_user(paths.cluster);
  if (!user) return user.error();
  paths.run_as = *user;
  if (paths.run_as) {
    if (const auto closed = closed_parent(paths.cluster, *paths.run_as)) {
      return Error{ErrorCode::denied,
                   fmt::format("PostgreSQL does not run as root, and its user {} can't pass through {}",
                               paths.run_as->name, closed->string()),
                   fmt::format("use --data-dir with another place, such as /var/lib/mesher, run mesher as an ordinary "
                               "user, or: chmod o+x {}",
                               closed->string())};
    }
  }
  if (auto status = make_private_folder(paths.sockets, paths.run_as); !status) return status.error();
  return paths;
}

int programs_version(const fs::path& folder) {
  if (access((folder / "initdb").c_str(), X_OK) != 0 || access((folder / "postgres").c_str(), X_OK) != 0) return 0;
  // "/usr/lib/postgresql/15/bin" says it without starting a program.
  if (const int number = leading_number(folder.parent_path().filename().native()); number > 0) return number;
  const auto line = first_line_of("'" + (folder / "postgres").string() + "' --version");  // postgres (PostgreSQL) 15.20
  const auto at = line.find_last_of(' ');
  return at == std::string::npos ? 0 : leading_number(std::string_view(line).substr(line.find(") ") + 2));
}

Result<fs::path> find_programs(std::optional<int> major) {
  fs::path best;
  int best_version = 0;
  for (const auto& folder : program_folders()) {
    const int version = programs_version(folder);
    if (version < kOldestMajor || (major && version != *major) || version <= best_version) continue;
    best = folder;
    best_version = version;
  }
  if (best_version > 0) return best;
  if (major) {
    return Error{ErrorCode::not_found,
                 fmt::format("the data directory holds a PostgreSQL {} cluster, and PostgreSQL {} is not installed",
                             *major, *major),
                 fmt::format("install postgresql-{}, or move the data with mesher backup and mesher restore", *major)};
  }
  return Error{ErrorCode::not_found, fmt::format("PostgreSQL {} or newer is not installed", kOldestMajor),
               "apt install postgresql, set MESHER_PG_BINDIR, or use --database-url"};
}

std::optional<int> cluster_version(const fs::path& cluster) {
  std::ifstream file(cluster / "PG_VERSION");
  int version = 0;
  if (!(file >> version)) return std::nullopt;
  return version;
}

Status write_settings(const ClusterPaths& paths, const fs::path& programs, int major) {
  if (auto status = write_file(paths.cluster / "mesher.conf", settings_text(paths, programs, major), paths.run_as);
      !status) {
    return status;
  }
  const auto main_file = paths.cluster / "postgresql.conf";
  std::ifstream file(main_file);
  std::stringstream text;
  text << file.rdbuf();
  constexpr std::string_view kInclude = "include_if_exists 'mesher.conf'\n";
  if (text.str().find(kInclude) != std::string::npos) return {};
  // What initdb wrote is all comments and defaults; of it only the locale is worth keeping.
  return write_file(main_file, text.str() + "\n" + std::string(kInclude) + "\n# Your own settings:\n", paths.run_as);
}

bool is_server_of(pid_t pid, const fs::path& cluster) {
  std::error_code error;
  const auto works_in = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), error);
  return !error && works_in == cluster;
}

std::optional<RunningServer> find_running(const fs::path& cluster) {
  // Lines: pid, data directory, start time, port, socket directory, address, shared memory, status.
  std::ifstream file(cluster / "postmaster.pid");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.size() < 5) return std::nullopt;
  const RunningServer server{leading_number(lines[0]), lines[4], leading_number(lines[3])};
  if (server.pid <= 1 || kill(server.pid, 0) != 0 || !is_server_of(server.pid, cluster)) return std::nullopt;
  return server;
}

std::string conninfo_of(const std::string& sockets, int port, std::string_view database) {
  std::string quoted;
  for (const char c : sockets) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return fmt::format("host='{}' port={} user=mesher dbname={}", quoted, port, database);
}

}  // namespace mesher::postgres
