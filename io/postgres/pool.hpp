#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::postgres {

/// A few connections for the API and for housekeeping; the writers have their own, so that neither starves the other.
/// Connections are opened when needed, and broken ones are left behind. Any thread.
class Pool {
 public:
  /// A borrowed connection. Gives it back when it goes; what was left open in it is rolled back.
  class Lease {
   public:
    Lease(Pool& pool, Connection connection) : pool_(&pool), connection_(std::move(connection)) {}
    ~Lease();
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    Connection& operator*() { return connection_; }
    Connection* operator->() { return &connection_; }

   private:
    Pool* pool_;
    Connection connection_;
  };

  /// `size`: how many may be open at once.
  Pool(ConnectOptions options, std::size_t size);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Waits for a connection up to `patience`. Errors: exhausted (all are in use), unavailable (PostgreSQL is away:
  /// known at once for a quarter of a second after a failed attempt, so that requests do not queue up behind attempts).
  Result<Lease> acquire(std::chrono::milliseconds patience = std::chrono::seconds(2));

  /// acquire() and query(). A select that failed because an idle connection had died is tried once more on a fresh one.
  Result<Rows> query(std::string_view sql, const Params& params = {});

  /// The same with query_once(), for statements whose text depends on what is asked.
  Result<Rows> query_once(std::string_view sql, const Params& params);

  [[nodiscard]] const ConnectOptions& options() const { return options_; }

 private:
  Result<Rows> ask(std::string_view sql, const Params& params, bool once);
  void give_back(Connection connection);

  const ConnectOptions options_;
  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection> idle_;  // guarded by mutex_, as all below
  std::size_t open_ = 0;          // borrowed and idle
  std::optional<Error> last_failure_;
  std::chrono::steady_clock::time_point failed_at_;
};

}  // namespace mesher::postgres
