#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "graph/base/result.hpp"
#include "io/api/api.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"

namespace mesher::cli {

/// The server's part of `mesher replay`: a thread with a connection of its own, named kName, that sends round what is
/// marked in the table quarantine. It listens on channel mesher_replay and looks once at its start. Entries are locked,
/// appended to the journal and removed, in this order: several servers share the work, and a crash in between sends an
/// event twice, of which the second is a duplicate and not stored. While journal or database are away it tries again.
class Replayer {
 public:
  static constexpr const char* kName = "mesher replayer";

  Replayer(postgres::ConnectOptions options, api::Replay replay, postgres::Health& health)
      : options_(std::move(options)), replay_(std::move(replay)), health_(health) {}
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  void start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

 private:
  void run(const std::stop_token& stop);
  Status keep_up(const std::stop_token& stop);
  /// How many it sent.
  Result<std::size_t> send_some(postgres::Connection& connection);

  const postgres::ConnectOptions options_;
  const api::Replay replay_;
  postgres::Health& health_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread thread_;
};

}  // namespace mesher::cli
