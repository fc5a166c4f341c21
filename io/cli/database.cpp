#include "io/cli/database.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "graph/base/log.hpp"
#include "io/postgres/migrations.hpp"

namespace mesher::cli {

Database::~Database() {
  stop();
}

Result<Database> Database::open_for_server(const Config& config) {
  Database database;
  database.for_server_ = true;
  if (!config.database_url.empty()) {
    database.conninfo_ = config.database_url;
  } else {
    auto embedded =
        postgres::Embedded::start(config.data_dir, [](std::string_view line) { log::info("postgres", "{}", line); });
    if (!embedded) return std::move(embedded).error();
    database.embedded_ = std::move(embedded).value();
    database.conninfo_ = database.embedded_->conninfo();
  }
  if (auto status = database.migrate(); !status) return std::move(status).error();
  return database;
}

Result<Database> Database::open_beside_server(const Config& config) {
  Database database;
  if (!config.database_url.empty()) {
    database.conninfo_ = config.database_url;
  } else if (auto running = postgres::Embedded::running(config.data_dir)) {
    database.conninfo_ = std::move(*running);
  } else {
    if (!std::filesystem::exists(config.data_dir)) {
      return Error{ErrorCode::not_found, fmt::format("there is no data directory {}", config.data_dir.string()),
                   "name it with --data-dir, or start the server first"};
    }
    auto embedded = postgres::Embedded::start(config.data_dir);
    if (!embedded) return std::move(embedded).error();
    database.embedded_ = std::move(embedded).value();
    database.conninfo_ = database.embedded_->conninfo();
  }
  if (auto status = database.migrate(); !status) return std::move(status).error();
  return database;
}

Result<Database> Database::open_as_it_is(const Config& config) {
  Database database;
  if (!config.database_url.empty()) {
    database.conninfo_ = config.database_url;
    return database;
  }
  if (postgres::Embedded::running(config.data_dir)) {
    return Error{ErrorCode::conflict, fmt::format("a server is running on {}", config.data_dir.string()),
                 "name another data directory, or stop it first"};
  }
  auto embedded = postgres::Embedded::start(config.data_dir);
  if (!embedded) return std::move(embedded).error();
  database.embedded_ = std::move(embedded).value();
  database.conninfo_ = database.embedded_->conninfo();
  return database;
}

postgres::ConnectOptions Database::connect_options(std::string name) const {
  postgres::ConnectOptions options;
  options.conninfo = conninfo_;
  options.name = std::move(name);
  return options;
}

postgres::ConnectOptions Database::background_options(std::string name) const {
  auto options = connect_options(std::move(name));
  options.yields = embedded_ != nullptr;
  return options;
}

void Database::stop() {
  if (!embedded_) return;
  if (for_server_) {
    embedded_->stop();
  } else {
    embedded_->stop_unless_used();
  }
  embedded_.reset();
}

Status Database::migrate() {
  auto options = connect_options("mesher migrate");
  options.statement_timeout = std::chrono::minutes(30);
  auto connection = postgres::Connection::open(options);
  if (!connection) return std::move(connection).error();
  auto applied = postgres::migrate(*connection, postgres::built_in_migrations());
  if (!applied) return std::move(applied).error();
  applied_ = *applied;
  return {};
}

}  // namespace mesher::cli
