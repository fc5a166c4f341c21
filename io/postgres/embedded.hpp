#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "graph/base/result.hpp"
#include "io/postgres/cluster_files.hpp"

namespace mesher::postgres {

/// A PostgreSQL of Mesher's own, in <data_dir>/postgres, reachable through a unix socket only.
///
/// start() makes the cluster if there is none, adopts a server that an earlier, killed Mesher left running there, or
/// starts one and waits until it has recovered. A thread then watches the server and starts it again, with back-off,
/// when it dies. stop() ends it. A Mesher that is killed leaves it running for the next one.
/// Never runs as root: then it belongs to user postgres (or nobody).
class Embedded {
 public:
  /// Called with one line while the server takes long to come up (recovery).
  using Progress = std::function<void(std::string_view)>;

  /// Errors have a hint what to do. `progress` is called on this thread, only during the call.
  static Result<std::unique_ptr<Embedded>> start(const std::filesystem::path& data_dir, const Progress& progress = {});

  /// How to reach the server of this data directory if one is running now; for commands beside a running Mesher.
  static std::optional<std::string> running(const std::filesystem::path& data_dir);

  ~Embedded();  ///< stop()
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  /// For ConnectOptions and psql. Stays the same for the life of this object.
  [[nodiscard]] const std::string& conninfo() const { return conninfo_; }
  [[nodiscard]] bool adopted() const { return adopted_; }
  /// Process id of the server now; it changes when the server had to be started again. Any thread.
  [[nodiscard]] pid_t pid() const;
  [[nodiscard]] const std::filesystem::path& programs() const { return programs_; }

  /// Ends the server: sessions are cut off, a checkpoint is written. Waits for it, at most 40 seconds.
  void stop();
  /// stop(), unless somebody else is connected: for a command that started the server for itself.
  void stop_unless_used();

 private:
  Embedded(ClusterPaths paths, std::filesystem::path programs)
      : paths_(std::move(paths)), programs_(std::move(programs)) {}
  Status make_cluster();
  Status adopt_or_launch(const Progress& progress);
  bool adopt(const RunningServer& server);
  Status launch();
  Status wait_until_ready(const Progress& progress);
  Status make_database();
  bool alive();
  void supervise(const std::stop_token& stop);
  bool wait_for_end(std::chrono::seconds patience);
  void end_server();

  const ClusterPaths paths_;
  const std::filesystem::path programs_;
  std::string conninfo_;
  bool adopted_ = false;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  pid_t pid_ = 0;          // guarded by mutex_; 0: not running
  bool is_child_ = false;  // guarded by mutex_
  std::jthread supervisor_;
};

}  // namespace mesher::postgres
