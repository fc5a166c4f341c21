#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "graph/base/clock.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"

namespace mesher::postgres {

/// What a secret gives at this moment.
struct LiveRights {
  std::uint32_t user_id = 0;
  std::vector<std::uint32_t> project_ids;
  std::optional<UnixMicros> expires_at;
  bool instance_owner = false;
};

/// The rights of all these API tokens and sessions by one statement; those that are no good are missing.
[[nodiscard]] Result<std::unordered_map<std::string, LiveRights>> live_rights(Connection& connection,
                                                                              const std::vector<std::string>& secrets,
                                                                              std::chrono::seconds session_idle);

/// Notices that rights have changed, on whatever node or by whatever hand: the database tells. Asks for a check then,
/// when `next_expiry` has come, when the connection was lost, and once in a while. One thread and one connection.
class RightsWatch {
 public:
  /// `check` is called on the watch's thread with a connection for its questions.
  using Check = std::function<void(Connection&)>;
  using NextExpiry = std::function<std::optional<UnixMicros>()>;
  RightsWatch(ConnectOptions options, const Clock& clock, Health& health, Check check, NextExpiry next_expiry);

  void start();

 private:
  void run(const std::stop_token& stop);
  Status keep_up(const std::stop_token& stop);

  const ConnectOptions options_;
  const Clock& clock_;
  Health& health_;
  const Check check_;
  const NextExpiry next_expiry_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread thread_;
};

}  // namespace mesher::postgres
