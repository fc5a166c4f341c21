#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::demo {

/// The server's pipeline from the journal on (the same topology, nodes and stores, without live watchers) on a journal
/// in memory and with a clock that is set by hand: what happened in the past is stored as it would have been then, with
/// issues, counters, roll-ups and outcomes by the same transaction. Only who may open the database can do this; clients
/// can't: what they send counts when it is received. One thread.
class Pipeline {
 public:
  explicit Pipeline(const postgres::ConnectOptions& options);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  /// After the project was made. Error: unavailable.
  Status start();

  /// Stores encoded records (nodes/record.hpp), in order, at the time `now`; waits until they are. Error: unavailable
  /// if nothing moves for a minute.
  Status store(std::vector<std::string> records, UnixMicros now);

  /// Ends the threads, and removes what only a journal that stays needs.
  Status finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mesher::demo
