#include "io/postgres/embedded.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "graph/base/log.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::postgres {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
namespace {

constexpr int kPort = 5432;
constexpr auto kWatchEvery = 250ms;
constexpr std::chrono::milliseconds kFirstPause = 100ms, kLongestPause = 10s;

ConnectOptions options_for(const std::string& conninfo) {
  ConnectOptions options{conninfo, "mesher start", 2s, 60s};
  return options;
}

void sync_folder(const fs::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  close(descriptor);
}

std::string last_complaint(const std::string& output) {
  auto text = tail_of(output);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (const auto fatal = text.rfind("FATAL:"); fatal != std::string::npos) text.erase(0, fatal);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Result<std::unique_ptr<Embedded>> Embedded::start(const fs::path& data_dir, const Progress& progress) {
  auto paths = prepare_paths(data_dir);
  if (!paths) return paths.error();
  const auto version = cluster_version(paths->cluster);
  auto programs = find_programs(version);
  if (!programs) return programs.error();
  std::unique_ptr<Embedded> embedded(new Embedded(std::move(*paths), *programs));
  if (!version) {
    if (auto status = embedded->make_cluster(); !status) return status.error();
  }
  const int major = cluster_version(embedded->paths_.cluster).value_or(0);
  if (auto status = write_settings(embedded->paths_, embedded->programs_, major); !status) return status.error();
  if (auto status = embedded->adopt_or_launch(progress); !status) return status.error();
  embedded->supervisor_ = std::jthread([self = embedded.get()](const std::stop_token& stop) { self->supervise(stop); });
  return embedded;
}

std::optional<std::string> Embedded::running(const fs::path& data_dir) {
  const auto server = find_running(paths_of(data_dir).cluster);
  if (!server) return std::nullopt;
  return conninfo_of(server->sockets, server->port, "mesher");
}

/// initdb works beside the final place, so that one that was interrupted leaves nothing that looks like a cluster.
Status Embedded::make_cluster() {
  log::info("postgres", "making a cluster in {}", paths_.cluster.string());
  const fs::path draft = paths_.cluster.string() + ".new";
  std::error_code error;
  fs::remove_all(draft, error);
  fs::remove(paths_.cluster, error);  // only if it is empty
  if (mkdir(draft.c_str(), 0700) != 0) return Error{ErrorCode::denied, "can't make " + draft.string(), {}};
  if (paths_.run_as && chown(draft.c_str(), paths_.run_as->uid, paths_.run_as->gid) != 0) {
    return Error{ErrorCode::denied, "can't give " + draft.string() + " to " + paths_.run_as->name, {}};
  }
  Command initdb{{(programs_ / "initdb").string(), "--pgdata", draft.string(), "--username=mesher", "--auth=trust",
                  "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"},
                 paths_.run_as,
                 paths_.output.string()};
  std::remove(initdb.output.c_str());
  const auto code = run_and_wait(initdb);
  if (!code) return code.error();
  if (*code != 0) {
    return Error{ErrorCode::unavailable, fmt::format("initdb failed: {}", last_complaint(initdb.output)),
                 "is the disk full?"};
  }
  if (std::rename(draft.c_str(), paths_.cluster.c_str()) != 0) {
    return Error{ErrorCode::unavailable, "can't put the new cluster at " + paths_.cluster.string(),
                 "the folder must be empty or absent"};
  }
  sync_folder(paths_.data_dir);
  return {};
}

Status Embedded::adopt_or_launch(const Progress& progress) {
  conninfo_ = conninfo_of(paths_.sockets.string(), kPort, "mesher");
  if (const auto server = find_running(paths_.cluster); server && adopt(*server)) {
    adopted_ = true;
    log::info("postgres", "found the server running (process {})", server->pid);
  } else if (auto status = launch(); !status) {
    return status;
  }
  if (auto status = wait_until_ready(progress); !status) {
    stop();
    return status;
  }
  return make_database();
}

/// A server that was left by a Mesher that had been killed is fine as it is, if it listens where we look for it.
bool Embedded::adopt(const RunningServer& server) {
  {
    const std::lock_guard lock(mutex_);
    pid_ = server.pid;
    is_child_ = false;
  }
  const bool reachable = server.port == kPort && server.sockets == paths_.sockets.string() &&
                         fs::exists(paths_.sockets / fmt::format(".s.PGSQL.{}", kPort));
  if (reachable) return true;
  log::warn("postgres", "the running server can't be reached at {}: starting it anew", paths_.sockets.string());
  end_server();
  return false;
}

Status Embedded::launch() {
  std::remove(paths_.output.c_str());
  // A pid file that names no server of this cluster: PostgreSQL would stop at it if the number is in use again.
  if (!find_running(paths_.cluster)) std::remove((paths_.cluster / "postmaster.pid").c_str());
  const auto pid = spawn(
      {{(programs_ / "postgres").string(), "-D", paths_.cluster.string()}, paths_.run_as, paths_.output.string()});
  if (!pid) return pid.error();
  const std::lock_guard lock(mutex_);
  pid_ = *pid;
  is_child_ = true;
  return {};
}

Status Embedded::wait_until_ready(const Progress& progress) {
  const auto options = options_for(conninfo_of(paths_.sockets.string(), kPort, "postgres"));
  auto report_at = std::chrono::steady_clock::now() + 2s;
  while (true) {
    auto connection = Connection::open(options);
    if (connection) return {};
    if (!alive()) {
      return Error{ErrorCode::unavailable, fmt::format("PostgreSQL ended: {}", last_complaint(paths_.output.string())),
                   fmt::format("its log is in {}", (paths_.cluster / "log").string())};
    }
    if (std::chrono::steady_clock::now() >= report_at) {
      if (progress) progress(fmt::format("waiting for PostgreSQL: {}", connection.error().message));
      report_at += 2s;
    }
    std::this_thread::sleep_for(15ms);
  }
}

Status Embedded::make_database() {
  auto connection = Connection::open(options_for(conninfo_of(paths_.sockets.string(), kPort, "postgres")));
  if (!connection) return connection.error();
  const auto found = connection->query("select 1 from pg_database where datname = 'mesher'");
  if (!found) return found.error();
  if (!found->empty()) return {};
  return connection->execute("create database mesher");
}

pid_t Embedded::pid() const {
  const std::lock_guard lock(mutex_);
  return pid_;
}

bool Embedded::alive() {
  const std::lock_guard lock(mutex_);
  if (pid_ == 0) return false;
  const bool ended = is_child_ ? waitpid(pid_, nullptr, WNOHANG) != 0 : !is_server_of(pid_, paths_.cluster);
  if (ended) pid_ = 0;
  return !ended;
}

void Embedded::supervise(const std::stop_token& stop) {
  auto pause = kFirstPause;
  auto started = std::chrono::steady_clock::now();
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, kWatchEvery, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (alive()) continue;
    if (std::chrono::steady_clock::now() - started > 60s) pause = kFirstPause;
    log::error("postgres", "the server has ended; starting it again in {} ms", pause.count());
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, pause, [] { return false; });
    }
    if (stop.stop_requested()) return;
    pause = std::min(pause * 2, kLongestPause);
    started = std::chrono::steady_clock::now();
    if (const auto server = find_running(paths_.cluster)) {  // somebody was quicker
      const std::lock_guard lock(mutex_);
      pid_ = server->pid;
      is_child_ = false;
    } else if (auto status = launch(); !status) {
      log::error("postgres", "{}", status.error().message);
    }
  }
}

bool Embedded::wait_for_end(std::chrono::seconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (alive()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

void Embedded::end_server() {
  const pid_t server = pid();
  if (server == 0 || !alive()) return;
  kill(server, SIGINT);  // "fast": sessions are cut off
  if (wait_for_end(30s)) return;
  log::warn("postgres", "the server does not end; it is told to end at once and will recover at the next start");
  kill(server, SIGQUIT);
  if (!wait_for_end(10s)) log::error("postgres", "process {} does not end", server);
}

void Embedded::stop() {
  if (supervisor_.joinable()) {
    supervisor_.request_stop();
    supervisor_.join();
  }
  end_server();
}

void Embedded::stop_unless_used() {
  bool used = false;
  if (auto connection = Connection::open(options_for(conninfo_))) {
    const auto others = connection->query(
        "select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()");
    used = others && !others->empty();
  }
  if (used) {
    supervisor_ = {};
    const std::lock_guard lock(mutex_);
    pid_ = 0;
    return;
  }
  stop();
}

Embedded::~Embedded() {
  stop();
}

}  // namespace mesher::postgres
