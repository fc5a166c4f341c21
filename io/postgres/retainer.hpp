#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/retention.hpp"

namespace mesher::postgres {

/// Does what retention.hpp says, ten minutes after the start and every hour, on a thread and a connection of its own.
class Retainer {
 public:
  Retainer(ConnectOptions options, const Clock& clock, Metrics& metrics);
  void start();

 private:
  void run(const std::stop_token& stop);
  bool pause(const std::stop_token& stop, std::chrono::milliseconds time);
  [[nodiscard]] bool once(const std::stop_token& stop);
  void count(const RetentionReport& report);

  ConnectOptions options_;
  const Clock& clock_;
  Counter &days_, &events_, &thinned_, &failures_;
  Gauge& last_run_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace mesher::postgres
