#include "io/cli/backup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "io/api/times.hpp"
#include "io/cli/backup_file.hpp"
#include "io/cli/backup_tools.hpp"
#include "io/cli/commands.hpp"
#include "io/cli/database.hpp"
#include "io/postgres/conninfo.hpp"
#include "io/postgres/migrations.hpp"

namespace mesher::cli {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr int kFormat = 1;
constexpr std::uint64_t kMostOfAFile = 16 << 20;
constexpr std::string_view kManifest = "manifest.json", kDump = "database.dump", kFiles = "files/";

int fail(std::string_view command, const Error& error) {
  fmt::print(stderr, "mesher {}: {}{}{}\n", command, error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

/// What of the data directory belongs to the data: the topology that was put in force through the API, and keys that
/// what is in the database is sealed with.
bool belongs(const fs::path& file) {
  return file.filename() == "topology.toml" || file.extension() == ".key";
}

std::vector<fs::path> files_to_keep(const fs::path& data_dir) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_dir, error)) {
    if (entry.is_regular_file(error) && belongs(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Result<Json> counts_of(postgres::Connection& connection) {
  const auto rows = connection.query(
      "select (select count(*) from organizations), (select count(*) from projects),"
      " (select count(*) from issues where event_count > 0), (select count(*) from events)");
  if (!rows) return rows.error();
  return Json{{"organizations", rows->integer(0, 0)},
              {"projects", rows->integer(0, 1)},
              {"issues", rows->integer(0, 2)},
              {"events", rows->integer(0, 3)}};
}

std::string sentence_of(const Json& counts) {
  return fmt::format("{} organisations, {} projects, {} issues, {} events", counts["organizations"].get<long>(),
                     counts["projects"].get<long>(), counts["issues"].get<long>(), counts["events"].get<long>());
}

Result<postgres::Connection> connect(const Database& database, const std::string& name) {
  auto options = database.connect_options(name);
  options.statement_timeout = 30min;
  return postgres::Connection::open(options);
}

/// Waits until what was acknowledged when this began is stored; how much is not, in the end.
Result<std::uint64_t> wait_until_stored(postgres::Connection& connection, const JournalEnds& ends,
                                        std::uint32_t seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (true) {
    auto waiting = records_waiting(connection, ends);
    if (!waiting || *waiting == 0 || std::chrono::steady_clock::now() >= deadline) return waiting;
    std::this_thread::sleep_for(100ms);
  }
}

Status dump(BackupWriter& writer, const Database& database, int server_version) {
  const auto program = find_tool("pg_dump", server_version / 10000);
  if (!program) return program.error();
  auto environment = postgres::environment_of(database.conninfo());
  if (!environment) return environment.error();
  auto tool = PipedTool::start({program->string(), "--format=custom", "--compress=1", "--no-owner", "--no-privileges",
                                "--lock-wait-timeout=300s"},
                               *std::move(environment), PipedTool::Pipe::from_output);
  if (!tool) return tool.error();
  const auto copied = writer.add_from(std::string(kDump), tool->descriptor());
  const auto ended = tool->wait();
  return ended ? copied : ended;
}

Result<Json> manifest_of(postgres::Connection& connection, std::optional<std::uint64_t> waiting) {
  const auto migrations = connection.query("select name from mesher_migrations order by name");
  if (!migrations) return migrations.error();
  Json names = Json::array();
  for (std::size_t i = 0; i < migrations->size(); ++i) names.push_back(migrations->text(i, 0));
  auto counts = counts_of(connection);
  if (!counts) return counts.error();
  return Json{{"what", "backup of Mesher"},
              {"format", kFormat},
              {"mesher", version()},
              {"postgresql", connection.server_version()},
              {"created_at", api::rfc3339(SystemClock().now())},
              {"holds", *std::move(counts)},
              {"records_not_stored_yet", waiting ? Json(*waiting) : Json(nullptr)},
              {"migrations", std::move(names)}};
}

void say_what_is_missing(std::optional<std::uint64_t> waiting, const Json& manifest) {
  fmt::print("not in it: what was taken in after {}", manifest["created_at"].get<std::string>());
  if (!waiting) {
    fmt::print("; whether more had been acknowledged and not yet stored then is not known: there is no journal here\n");
  } else if (*waiting == 0) {
    fmt::print("; all that had been acknowledged before is\n");
  } else {
    fmt::print(
        ", and {} records that had been acknowledged and were not stored yet: they are in the journal.\n"
        "To have them in, let a server run and give --wait SECONDS.\n",
        *waiting);
  }
}

Status back_up(const CommandLine& line) {
  auto writer = BackupWriter::create(line.backup_file);
  if (!writer) return writer.error();
  const auto database = Database::open_beside_server(line.config);
  if (!database) return database.error();
  auto connection = connect(*database, "mesher backup");
  if (!connection) return connection.error();
  std::optional<std::uint64_t> waiting;
  if (const auto ends = journal_ends(line.config.data_dir)) {
    const auto left = wait_until_stored(*connection, *ends, line.wait_seconds);
    if (!left) return left.error();
    waiting = *left;
  }
  const auto manifest = manifest_of(*connection, waiting);
  if (!manifest) return manifest.error();
  if (auto status = writer->add(std::string(kManifest), manifest->dump(1) + "\n"); !status) return status;
  for (const auto& file : files_to_keep(line.config.data_dir)) {
    const auto name = std::string(kFiles) + file.filename().string();
    if (auto status = writer->add(name, content_of(file)); !status) return status;
  }
  if (auto status = dump(*writer, *database, connection->server_version()); !status) return status;
  if (auto status = writer->finish(); !status) return status;
  fmt::print("{}: {}, {:.1f} MB\n", line.backup_file, sentence_of((*manifest)["holds"]),
             static_cast<double>(writer->bytes()) / 1e6);
  say_what_is_missing(waiting, *manifest);
  return {};
}

// ---- restore

Result<Json> read_manifest(BackupReader& reader) {
  const Error no_backup{ErrorCode::invalid, "that is no backup of Mesher", "mesher backup F makes one"};
  const auto entry = reader.next();
  if (!entry || !*entry || (*entry)->name != kManifest) return no_backup;
  const auto text = reader.read(kMostOfAFile);
  if (!text) return text.error();
  auto manifest = Json::parse(*text, nullptr, false);
  if (!manifest.is_object() || !manifest["format"].is_number() || !manifest["migrations"].is_array()) return no_backup;
  const auto known = postgres::built_in_migrations();
  for (const auto& name : manifest["migrations"]) {
    const bool ours = std::any_of(known.begin(), known.end(), [&](const auto& one) { return name == one.name; });
    if (ours && manifest["format"] == kFormat) continue;
    return Error{
        ErrorCode::conflict,
        fmt::format("the backup was made by Mesher {}, which is newer than this one", manifest.value("mesher", "?")),
        "restore it with that version"};
  }
  return manifest;
}

Status check_empty(postgres::Connection& connection) {
  const auto rows = connection.query(
      "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
      " where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and n.nspname <> 'information_schema' and n.nspname !~ "
      "'^pg_'");
  if (!rows) return rows.error();
  if (rows->integer(0, 0) == 0) return {};
  return Error{ErrorCode::conflict,
               fmt::format("the database is not empty: it has {} tables and the like", rows->integer(0, 0)),
               "restore into a new data directory (--data-dir) or a new database (--database-url)"};
}

Status fill_database(BackupReader& reader, const Database& database, int server_version) {
  const auto program = find_tool("pg_restore", server_version / 10000);
  if (!program) return program.error();
  auto environment = postgres::environment_of(database.conninfo());
  if (!environment) return environment.error();
  std::string name;
  for (const auto& variable : *environment) {
    if (variable.starts_with("PGDATABASE=")) name = variable.substr(11);
  }
  std::string quoted;
  for (const char c : name) quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
  auto tool = PipedTool::start(
      {program->string(), "--dbname=dbname='" + quoted + "'", "--no-owner", "--no-privileges", "--exit-on-error"},
      *std::move(environment), PipedTool::Pipe::to_input);
  if (!tool) return tool.error();
  const auto copied = reader.copy_to(tool->descriptor());
  const auto ended = tool->wait();
  return ended ? copied : ended;
}

Status put_file(const fs::path& data_dir, const std::string& name, const std::string& content) {
  const fs::path path = data_dir / fs::path(name).filename();  // whatever the archive says, nowhere else
  if (!belongs(path) || fs::exists(path)) {
    fmt::print(stderr, "mesher restore: {} is left as it is\n", path.string());
    return {};
  }
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.close();
  std::error_code error;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, error);
  if (!out || error) return Error{ErrorCode::unavailable, "can't write " + path.string(), ""};
  return {};
}

Status restore(const CommandLine& line) {
  auto reader = BackupReader::open(line.backup_file);
  if (!reader) return reader.error();
  const auto manifest = read_manifest(*reader);
  if (!manifest) return manifest.error();
  if (auto status = prepare_data_dir(line.config); !status) return status;
  auto database = Database::open_as_it_is(line.config);
  if (!database) return database.error();
  auto connection = connect(*database, "mesher restore");
  if (!connection) return connection.error();
  if (auto status = check_empty(*connection); !status) return status;
  bool filled = false;
  while (true) {
    const auto entry = reader->next();
    if (!entry) return entry.error();
    if (!*entry) break;
    if ((*entry)->name == kDump) {
      if (auto status = fill_database(*reader, *database, connection->server_version()); !status) {
        return Error{status.error().code, status.error().message,
                     "the database is half filled now: remove it and restore into a new one"};
      }
      filled = true;
    } else if ((*entry)->name.starts_with(kFiles)) {
      const auto content = reader->read(kMostOfAFile);
      if (!content) return content.error();
      if (auto status = put_file(line.config.data_dir, (*entry)->name, *content); !status) return status;
    }
  }
  if (!filled) return Error{ErrorCode::corrupt, "the backup has no database in it", ""};
  if (auto status = database->migrate(); !status) return status;
  if (auto status = connection->execute("analyze"); !status) return status;
  const auto counts = counts_of(*connection);
  if (!counts) return counts.error();
  fmt::print("restored the backup of {}: {}\n", manifest->value("created_at", "?"), sentence_of(*counts));
  fmt::print("start it with: mesher serve --data-dir {}{}\n", line.config.data_dir.string(),
             line.config.database_url.empty() ? "" : " --database-url …");
  return {};
}

}  // namespace

int run_backup(const CommandLine& line) {
  const auto status = back_up(line);
  return status ? 0 : fail("backup", status.error());
}

int run_restore(const CommandLine& line) {
  const auto status = restore(line);
  return status ? 0 : fail("restore", status.error());
}

}  // namespace mesher::cli
