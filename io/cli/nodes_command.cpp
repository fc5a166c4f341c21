#include "io/cli/nodes_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "io/cli/database.hpp"
#include "io/postgres/node_registry.hpp"

namespace mesher::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookEvery{200};

int fail(const Error& error) {
  fmt::print(stderr, "mesher: {}{}{}\n", error.message, error.hint.empty() ? "" : ": ", error.hint);
  return 1;
}

Result<postgres::Connection> connect(const Database& database) {
  return postgres::Connection::open(database.connect_options("mesher nodes"));
}

/// "3 s ago"
std::string ago(const postgres::NodeRow& node) {
  const auto seconds = std::max<std::int64_t>(0, node.silent_milliseconds / 1000);
  if (seconds < 120) return fmt::format("{} s ago", seconds);
  if (seconds < 7200) return fmt::format("{} min ago", seconds / 60);
  return fmt::format("{} h ago", seconds / 3600);
}

void print_table(const std::vector<postgres::NodeRow>& nodes) {
  std::size_t name = 4, address = 7;
  for (const auto& node : nodes) {
    name = std::max(name, node.name.size());
    address = std::max(address, node.address.size());
  }
  fmt::print("{:<{}}  {:<8}  {:<{}}  {:<8}  {:>5}  {:>5}  {:>10}  {:>10}  {}\n", "node", name, "state", "address",
             address, "version", "epoch", "cores", "to store", "stored", "heard of");
  for (const auto& node : nodes) {
    fmt::print("{:<{}}  {:<8}  {:<{}}  {:<8}  {:>5}  {:>5}  {:>10}  {:>10}  {}\n", node.name, name, node.state,
               node.address, address, node.version, node.epoch, node.cores, node.load.journal_records,
               node.load.stored_events, ago(node));
  }
}

void print_json(const std::vector<postgres::NodeRow>& nodes) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& node : nodes) {
    all.push_back({{"name", node.name},
                   {"state", node.state},
                   {"address", node.address},
                   {"version", node.version},
                   {"protocol", node.protocol},
                   {"epoch", node.epoch},
                   {"cores", node.cores},
                   {"journal", {{"records", node.load.journal_records}, {"bytes", node.load.journal_bytes}}},
                   {"stored_events", node.load.stored_events},
                   {"silent_milliseconds", node.silent_milliseconds}});
  }
  fmt::print("{}\n", all.dump());
}

/// Until the node has left; the exit code.
int look_on(postgres::Connection& connection, const CommandLine& line) {
  const auto began = steady_clock::now();
  auto said = began;
  while (true) {
    const auto nodes = postgres::list_nodes(connection);
    if (!nodes) return fail(nodes.error());
    const auto node =
        std::find_if(nodes->begin(), nodes->end(), [&](const auto& one) { return one.name == line.node; });
    if (node == nodes->end() || node->state == "left") {
      fmt::print("{} is drained and has left\n", line.node);
      return 0;
    }
    const auto to_store = node->load.journal_records;
    if (node->state == "lost") {
      fmt::print(stderr, "mesher: {} went silent with {} events to store; start it again on its data directory\n",
                 line.node, to_store);
      return 1;
    }
    const auto now = steady_clock::now();
    if (line.wait_seconds > 0 && now - began > std::chrono::seconds(line.wait_seconds)) {
      fmt::print(stderr, "mesher: {} is still draining: {} events to store\n", line.node, to_store);
      return 1;
    }
    if (now - said > std::chrono::seconds(5)) {
      fmt::print("{} is draining: {} events to store\n", line.node, to_store);
      std::fflush(stdout);
      said = now;
    }
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace

int run_nodes(const CommandLine& line) {
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  auto connection = connect(*database);
  if (!connection) return fail(connection.error());
  const auto nodes = postgres::list_nodes(*connection);
  if (!nodes) return fail(nodes.error());
  if (line.json) {
    print_json(*nodes);
  } else if (nodes->empty()) {
    fmt::print("no server has joined: they are started with `mesher serve --join` (docs/cluster.md)\n");
  } else {
    print_table(*nodes);
  }
  return 0;
}

int run_drain(const CommandLine& line) {
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error());
  auto connection = connect(*database);
  if (!connection) return fail(connection.error());
  const auto asked = postgres::ask_to_drain(*connection, line.node);
  if (!asked) return fail(asked.error());
  if (!*asked) {
    return fail(
        {ErrorCode::not_found, fmt::format("no node that runs is called {}", line.node), "`mesher nodes` lists them"});
  }
  return look_on(*connection, line);
}

}  // namespace mesher::cli
