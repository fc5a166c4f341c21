#pragma once

#include <memory>
#include <string>

#include "graph/base/result.hpp"
#include "io/cli/config.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/embedded.hpp"

namespace mesher::cli {

/// The database that a command works with: the embedded one of the data directory, or the one of --database-url.
class Database {
 public:
  /// For the server: starts the embedded PostgreSQL, or adopts the one that a killed Mesher left, and migrates.
  static Result<Database> open_for_server(const Config& config);

  /// For a command beside a server that may run: uses the running PostgreSQL; starts one, if none runs, for as long as
  /// this object lives. Migrates unless a server does.
  static Result<Database> open_beside_server(const Config& config);

  /// For a restore: the database as it is, without any table of ours. Starts the embedded PostgreSQL for as long as
  /// this object lives; makes its cluster if there is none. Error: conflict (one is running on the data directory).
  static Result<Database> open_as_it_is(const Config& config);

  ~Database();
  Database(Database&&) noexcept = default;
  Database& operator=(Database&&) = delete;

  [[nodiscard]] const std::string& conninfo() const { return conninfo_; }
  [[nodiscard]] postgres::ConnectOptions connect_options(std::string name) const;
  /// For all sessions but those that store: in the embedded PostgreSQL they let these go first.
  [[nodiscard]] postgres::ConnectOptions background_options(std::string name) const;
  [[nodiscard]] int migrations_applied() const { return applied_; }

  /// Brings the tables up to date.
  [[nodiscard]] Status migrate();

  /// Ends the embedded PostgreSQL, if it is ours to end.
  void stop();

 private:
  Database() = default;

  std::unique_ptr<postgres::Embedded> embedded_;
  std::string conninfo_;
  bool for_server_ = false;
  int applied_ = 0;
};

}  // namespace mesher::cli
