#include "io/cli/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <utility>
#include <vector>

#include "graph/options.hpp"
#include "graph/suggest.hpp"
#include "io/api/rights_page.hpp"
#include "io/cli/backup.hpp"
#include "io/cli/database.hpp"
#include "io/cli/demo_command.hpp"
#include "io/cli/doctor.hpp"
#include "io/cli/fingerprint_command.hpp"
#include "io/cli/graph_service.hpp"
#include "io/cli/memory_bound.hpp"
#include "io/cli/nodes_command.hpp"
#include "io/cli/passwd.hpp"
#include "io/cli/replay_command.hpp"
#include "io/cli/retain_command.hpp"
#include "io/cli/tap_command.hpp"
#include "io/cli/test_command.hpp"
#include "io/cli/top_command.hpp"
#include "io/postgres/setup.hpp"
#include "nodes/catalog.hpp"

namespace mesher::cli {
namespace {

int fail(const Error& error) {
  fmt::print(stderr, "mesher: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

graph::Registry known_types() {
  graph::Registry registry;
  nodes::register_nodes(registry, {});
  return registry;
}

/// The topology of the config, or its mistakes printed.
std::optional<graph::Topology> checked_topology(const Config& config) {
  auto parsed = parse_config_topology(config.topology_text, known_types());
  const auto name = config.file.empty() ? std::string("built-in topology") : config.file.string();
  for (const auto& mistake : parsed.mistakes) fmt::print(stderr, "{}\n", mistake.text(name));
  if (!parsed.mistakes.empty()) return std::nullopt;
  return std::move(parsed.topology);
}

int validate(const CommandLine& line) {
  const auto topology = checked_topology(line.config);
  if (!topology) return 1;
  fmt::print("good: {} nodes\n", topology->nodes.size());
  return 0;
}

int draw(const CommandLine& line) {
  const auto topology = checked_topology(line.config);
  if (!topology) return 1;
  if (line.format == "mermaid") fmt::print("{}", graph::draw_mermaid(*topology));
  if (line.format == "dot") fmt::print("{}", graph::draw_dot(*topology));
  const auto bound = memory_bound(line.config, *topology);
  if (line.format == "json") fmt::print("{}\n", with_memory_bound(graph::to_json(*topology), bound));
  if (line.format == "text") fmt::print("{}\n{}", graph::draw_text(*topology), text_of(bound));
  return 0;
}

int help(const CommandLine& line) {
  if (line.topic == "settings") {
    fmt::print("{}", settings_markdown());
    return 0;
  }
  if (line.topic == "rights") {
    fmt::print("{}", api::rights_page());
    return 0;
  }
  const auto registry = known_types();
  std::vector<std::string> names;
  for (const auto& spec : registry.all()) {
    names.push_back(spec.type);
    if (line.node_type.empty() || line.node_type == spec.type) fmt::print("{}\n", graph::help_text(spec));
  }
  if (line.node_type.empty() || registry.find(line.node_type) != nullptr) return 0;
  fmt::print(stderr, "mesher: there is no node type `{}`: {}\n", line.node_type,
             graph::suggestion(line.node_type, names));
  return 1;
}

/// Waits until a running server knows what setup has made; at most three seconds.
void wait_until_known(postgres::Connection& connection, std::int64_t version_before) {
  const auto version = connection.query("select version from project_version");
  if (!version || version->empty() || version->integer(0, 0) == version_before) return;
  const auto servers = connection.query(
      "select count(*) from pg_stat_activity where application_name = 'mesher projects' and datname = "
      "current_database()");
  if (!servers || servers->integer(0, 0) == 0) return;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto told = connection.wait_notification(std::chrono::milliseconds(200));
    if (told && std::strtoll(told->c_str(), nullptr, 10) >= version->integer(0, 0)) return;
  }
}

int setup(const CommandLine& line) {
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  auto connection = postgres::Connection::open(database->connect_options("mesher setup"));
  if (!connection) return fail(connection.error());
  postgres::SetupRequest request;
  request.organization = line.organization;
  request.project = line.project;
  request.platform = line.platform;
  request.email = line.email;
  request.password = line.password;
  request.public_url = line.config.public_url.empty() ? "http://" + line.config.listen : line.config.public_url;
  const auto listening = connection->execute("listen mesher_projects_loaded");
  const auto before = connection->query("select version from project_version");
  const auto answer = postgres::setup(*connection, request);
  if (!answer) return fail(answer.error());
  if (listening && before && !before->empty()) wait_until_known(*connection, before->integer(0, 0));
  if (line.json) {
    fmt::print("{}\n", answer->to_json());
  } else {
    fmt::print("DSN        {}\nAPI token  {}\n", answer->dsn, answer->api_token);
  }
  return 0;
}

int migrate(const CommandLine& line) {
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  fmt::print("{} migrations applied; the database is up to date\n", database->migrations_applied());
  return 0;
}

int psql(const CommandLine& line) {
  auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  std::vector<std::string> words = {"psql", database->conninfo()};
  words.insert(words.end(), line.rest.begin(), line.rest.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const auto child = fork();
  if (child == 0) {
    execvp("psql", argv.data());
    fmt::print(stderr, "mesher: psql can't be started: {}: install Debian's package postgresql-client\n",
               std::strerror(errno));
    _exit(127);
  }
  return wait_for_child(child);
}

int fingerprint(const CommandLine& line) {
  return run_fingerprint(std::cin, std::cout, std::cerr, {line.lines, line.rules_file, line.explain});
}

int print_version(const CommandLine&) {
  fmt::print("mesher {}\n", version());
  return 0;
}

}  // namespace

int run_command(const CommandLine& line) {
  static const std::map<std::string, int (*)(const CommandLine&)> kCommands = {
      {"validate", validate},   {"graph", draw},
      {"test", run_test},       {"help", help},
      {"setup", setup},         {"replay", run_replay},
      {"migrate", migrate},     {"psql", psql},
      {"doctor", doctor},       {"fingerprint", fingerprint},
      {"passwd", passwd},       {"backup", run_backup},
      {"restore", run_restore}, {"retain", run_retain},
      {"tap", run_tap},         {"top", run_top},
      {"demo", run_demo},       {"version", print_version},
      {"nodes", run_nodes},     {"drain", run_drain}};
  return kCommands.at(line.command)(line);
}

std::string version() {
  return MESHER_VERSION;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "mesher";
  return name.data();
}

Status prepare_data_dir(const Config& config) {
  std::error_code failure;
  std::filesystem::create_directories(config.data_dir, failure);
  if (failure || access(config.data_dir.c_str(), W_OK | X_OK) != 0) {
    return Error{ErrorCode::denied,
                 fmt::format("the data directory {} can't be written: {}", config.data_dir.string(),
                             failure ? failure.message() : std::strerror(errno)),
                 "choose another with --data-dir"};
  }
  return {};
}

}  // namespace mesher::cli
