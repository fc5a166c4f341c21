#pragma once

#include <thread>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "io/postgres/partitions.hpp"

namespace mesher::cli {

/// What has to be done now and then, on a thread that sleeps otherwise: the coming days' partitions, every hour.
class Housekeeping {
 public:
  Housekeeping(postgres::ConnectOptions options, postgres::Partitions& partitions, const Clock& clock,
               postgres::Health& health);

  /// Does it once on the caller's thread, then starts the thread.
  Status start();

 private:
  Status once();
  void run(const std::stop_token& stop);

  const postgres::ConnectOptions options_;
  postgres::Partitions& partitions_;
  const Clock& clock_;
  postgres::Health& health_;
  std::jthread thread_;
};

}  // namespace mesher::cli
