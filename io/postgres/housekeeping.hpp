#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "graph/base/clock.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/health.hpp"
#include "io/postgres/partitions.hpp"

namespace mesher::postgres {

/// What has to be done in the database now and then: partitions made ahead, every hour. Its thread starts with the
/// constructor and begins with a round at once; a round that fails is tried again every ten seconds.
class Housekeeping {
 public:
  Housekeeping(ConnectOptions options, Partitions& partitions, const Clock& clock, Health& health);

 private:
  void run(const std::stop_token& stop);
  Status round();

  const ConnectOptions options_;
  Partitions& partitions_;
  const Clock& clock_;
  Health& health_;
  std::mutex mutex_;
  std::condition_variable_any stopping_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace mesher::postgres
