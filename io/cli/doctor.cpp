#include "io/cli/doctor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "io/cli/database.hpp"
#include "io/journal/inspect.hpp"
#include "io/postgres/connection.hpp"

namespace mesher::cli {
namespace {

/// Prints findings and remembers whether one needs attention.
class Findings {
 public:
  void well(std::string_view what, const std::string& detail) { fmt::print("ok    {:<10} {}\n", what, detail); }
  void ill(std::string_view what, const std::string& detail, std::string_view mend) {
    fmt::print("FAIL  {:<10} {}\n      what to do: {}\n", what, detail, mend);
    ill_ = true;
  }
  [[nodiscard]] int exit_code() const { return ill_ ? 1 : 0; }

 private:
  bool ill_ = false;
};

/// "76.4 GiB"
std::string readable(std::uintmax_t bytes) {
  const auto mebi = static_cast<double>(bytes) / (1024.0 * 1024.0);
  return mebi < 1024 ? fmt::format("{:.1f} MiB", mebi) : fmt::format("{:.1f} GiB", mebi / 1024);
}

void look_at_disk(const Config& config, Findings& findings) {
  std::error_code failure;
  const auto space = std::filesystem::space(config.data_dir, failure);
  if (failure) {
    findings.ill("data", fmt::format("{}: {}", config.data_dir.string(), failure.message()),
                 "name the data directory with --data-dir");
    return;
  }
  const auto text = fmt::format("{} free on the disk of {}", readable(space.available), config.data_dir.string());
  if (space.available < config.journal_min_free_disk * 2) {
    findings.ill("disk", text, "free some space: below journal.min_free_disk clients are refused");
  } else {
    findings.well("disk", text);
  }
}

void look_at_journal(const Config& config, Findings& findings) {
  const auto folder = config.data_dir / "journal";
  std::error_code failure;
  if (!std::filesystem::exists(folder, failure)) {
    findings.well("journal", "none yet");
    return;
  }
  const auto report = io::journal::inspect(folder.string());
  if (!report && report.error().code == ErrorCode::conflict) {
    findings.well("journal", "in use by a running server: /metrics and /readyz tell of it");
    return;
  }
  if (!report) {
    findings.ill("journal", report.error().message,
                 report.error().hint.empty() ? "see whether this user may read the folder" : report.error().hint);
    return;
  }
  std::uint64_t records = 0;
  for (const auto& partition : report->partitions) records += partition.records;
  const auto text = fmt::format("{} records in {}, the stored ones among them", records, readable(report->bytes));
  if (report->findings.empty()) {
    findings.well("journal", text);
    return;
  }
  findings.ill("journal", fmt::format("{}; {}", text, fmt::join(report->findings, "; ")),
               "nothing: the next start skips what is damaged, counts it and goes on; look at the disk's health");
}

void look_at_database(const Config& config, Findings& findings) {
  auto database = Database::open_beside_server(config);
  if (!database) {
    findings.ill(
        "database", database.error().message,
        database.error().hint.empty() ? "see the log of PostgreSQL in the data directory" : database.error().hint);
    return;
  }
  auto connection = postgres::Connection::open(database->connect_options("mesher doctor"));
  if (!connection) {
    findings.ill("database", connection.error().message, "see whether PostgreSQL runs and takes connections");
    return;
  }
  const auto answer = connection->query(
      "select current_setting('server_version'), pg_size_pretty(pg_database_size(current_database())), "
      "(select count(*) from projects), (select coalesce(sum(event_count), 0) from issues), "
      "(select count(*) from quarantine)");
  if (!answer || answer->size() != 1) {
    findings.ill("database", answer ? "no answer" : answer.error().message, "run `mesher migrate`");
    return;
  }
  const auto text = [&](int column) { return std::string(answer->text(0, column)); };
  findings.well("database",
                fmt::format("PostgreSQL {}, {}, {} projects, {} events counted", text(0), text(1), text(2), text(3)));
  if (text(4) == "0") {
    findings.well("quarantine", "empty");
  } else {
    findings.ill("quarantine", text(4) + " events wait there",
                 "look at their reasons (GET /api/v1/quarantine), mend the cause, replay them (POST the same)");
  }
}

}  // namespace

int doctor(const CommandLine& line) {
  Findings findings;
  look_at_disk(line.config, findings);
  look_at_journal(line.config, findings);
  look_at_database(line.config, findings);
  return findings.exit_code();
}

int wait_for_child(int pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace mesher::cli
