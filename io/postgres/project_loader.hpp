#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "nodes/ports/projects.hpp"

namespace mesher::postgres {

/// Keeps a ProjectDirectory up to date: a thread with a connection of its own listens on channel mesher_projects, which
/// every change of projects and keys notifies (by trigger), and asks for the version every second for the case that
/// notifications do not pass (a connection pooler between). While the database is away the last snapshot stays.
class ProjectLoader {
 public:
  static constexpr std::chrono::milliseconds kAskEvery{1000};

  ProjectLoader(ConnectOptions options, nodes::ports::ProjectDirectory& directory, Health& health);
  ~ProjectLoader();  ///< stops the thread; at most kAskEvery and the connection's timeouts
  ProjectLoader(const ProjectLoader&) = delete;
  ProjectLoader& operator=(const ProjectLoader&) = delete;

  /// Reads once, on the caller's thread, and publishes. Before the server takes requests. Error: unavailable.
  Status load_now();
  /// Starts the thread.
  void start();

 private:
  void run(const std::stop_token& stop);
  Status keep_up(const std::stop_token& stop);
  Status load(Connection& connection);
  [[nodiscard]] Result<std::uint64_t> stored_version(Connection& connection);

  const ConnectOptions options_;
  nodes::ports::ProjectDirectory& directory_;
  Health& health_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread thread_;
};

/// All projects and keys as they are now.
[[nodiscard]] Result<nodes::ports::ProjectSnapshot> read_projects_and_keys(Connection& connection);

}  // namespace mesher::postgres
