#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graph/base/result.hpp"
#include "io/postgres/params.hpp"
#include "io/postgres/rows.hpp"

struct pg_conn;

/// One session with PostgreSQL. Built on libpq itself: the writers need its pipeline mode (a whole transaction's
/// statements in one round trip) and raw COPY data, and errors here are values. Only connection.cpp sees libpq.
///
/// Every call blocks until its answer is there or its time is over; a call that runs out of time, or whose server goes
/// away, breaks the connection for good: broken() says so, and every later call fails with `unavailable` at once.
/// Sessions are in UTC, ISO dates, UTF-8. One thread at a time.
namespace mesher::postgres {

struct ConnectOptions {
  std::string conninfo;  ///< key=value pairs or a postgresql:// URL
  std::string name = "mesher";
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds statement_timeout{30'000};
  /// How long a transaction may wait for this program between two statements, and a statement for a lock; 0: as the
  /// database says.
  /// A program that is frozen in a transaction stops everybody else who needs what it has locked.
  std::chrono::milliseconds idle_in_transaction_timeout{0}, lock_timeout{0};
  bool yields = false;  ///< PostgreSQL is on this machine, and sessions that do not yield go first
};

/// One statement of a pipeline.
struct Call {
  std::string sql;
  Params params;
};

class Connection {
 public:
  /// Errors: unavailable, denied, or invalid if the conninfo can't be read.
  static Result<Connection> open(const ConnectOptions& options);
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  /// Runs one statement. Its plan is kept under its text (up to 256 texts), so pass values as parameters, not in `sql`.
  Result<Rows> query(std::string_view sql, const Params& params = {});
  /// Runs one statement of many shapes: planned for these very values, and its plan is not kept.
  Result<Rows> query_once(std::string_view sql, const Params& params = {});
  /// Runs statements without parameters, separated by semicolons (DDL).
  Status execute(const std::string& sql);
  /// Runs all calls in one round trip, as one transaction unless they contain begin and commit themselves; the first
  /// failure fails all. Answers in the order of the calls. Keep large answers out of pipelines.
  Result<std::vector<Rows>> run(std::span<const Call> calls);
  /// COPY … FROM STDIN with `data` as the whole input.
  Status copy_in(const std::string& sql, std::string_view data);

  /// The next notification of LISTEN on any channel: its payload. Nothing after `timeout`, or if broken().
  std::optional<std::string> wait_notification(std::chrono::milliseconds timeout);

  [[nodiscard]] bool broken() const;
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] int server_version() const;  ///< 150020 for 15.20
  /// How long later calls may take. The server is told by the statement_timeout of the options.
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  struct Prepared {
    std::string name;
    bool fresh = false;
  };
  explicit Connection(pg_conn* connection) : connection_(connection) {}
  Status connect(Deadline deadline);
  Status configure(const ConnectOptions& options);
  bool wait(bool for_writing, Deadline deadline);
  bool flush(Deadline deadline);
  Result<Rows> next_result(Deadline deadline, bool& end);
  Result<Rows> collect(Deadline deadline);
  Prepared prepare_name(std::string_view sql);
  bool send_prepare(const Prepared& prepared, std::string_view sql);
  bool send(const std::string& name, std::string_view sql, const Params& params);
  Result<std::vector<Rows>> finish_pipeline(const std::vector<bool>& prepares, Deadline deadline);
  Error failure();
  Error lost(std::string_view why);
  [[nodiscard]] Deadline deadline() const { return std::chrono::steady_clock::now() + timeout_; }

  pg_conn* connection_ = nullptr;
  std::chrono::milliseconds timeout_{35'000};
  std::unordered_map<std::string, std::string> prepared_;  // text -> name
  unsigned next_name_ = 0;
};

/// begin … commit. Rolls back when it goes out of scope uncommitted.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& connection);
  ~Transaction();
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Status commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace mesher::postgres
