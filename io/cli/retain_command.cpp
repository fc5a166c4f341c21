#include "io/cli/retain_command.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "graph/base/clock.hpp"
#include "io/cli/database.hpp"
#include "io/postgres/retention.hpp"

namespace mesher::cli {
namespace {

int fail(const Error& error) {
  fmt::print(stderr, "mesher retain: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

void print_json(const postgres::RetentionReport& report) {
  const nlohmann::ordered_json document = {
      {"days_dropped", report.days_dropped},     {"events_dropped", report.events_dropped},
      {"events_deleted", report.events_deleted}, {"events_thinned", report.events_thinned},
      {"blocks_deleted", report.blocks_deleted}, {"others_deleted", report.others_deleted},
      {"days_postponed", report.days_postponed}};
  fmt::print("{}\n", document.dump());
}

void print_text(const postgres::RetentionReport& report, bool dry_run) {
  fmt::print("{}dropped {} days whole, with about {} events\n", dry_run ? "would have: " : "", report.days_dropped,
             report.events_dropped);
  fmt::print("deleted {} events of projects that keep less than others\n", report.events_deleted);
  fmt::print("deleted {} events over their project's budget\n", report.events_thinned);
  fmt::print("deleted {} entries of quarantine and feedback\n", report.others_deleted);
  if (!dry_run) fmt::print("deleted {} payload blocks without events\n", report.blocks_deleted);
  if (report.days_postponed > 0) fmt::print("left {} days for later: somebody reads them\n", report.days_postponed);
}

}  // namespace

int run_retain(const CommandLine& line) {
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  auto options = database->background_options("mesher retain");
  options.statement_timeout = std::chrono::minutes(10);
  auto connection = postgres::Connection::open(options);
  if (!connection) return fail(connection.error());
  connection->set_timeout(options.statement_timeout + std::chrono::seconds(5));
  const auto report = postgres::retain(*connection, {SystemClock().now(), line.dry_run, [] { return true; }});
  if (!report) return fail(report.error());
  if (report->busy) {
    fmt::print(stderr, "mesher retain: a server, or another command, is at it right now\n");
    return 1;
  }
  if (line.json) {
    print_json(*report);
  } else {
    print_text(*report, line.dry_run);
  }
  return 0;
}

}  // namespace mesher::cli
