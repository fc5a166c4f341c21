#include "io/cli/replay_command.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <thread>

#include "io/cli/database.hpp"
#include "io/cli/replayer.hpp"
#include "io/postgres/read_quarantine.hpp"
#include "nodes/event.hpp"

namespace mesher::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kPatience{120};

int fail(std::string_view message, std::string_view hint = {}, int code = 1) {
  fmt::print(stderr, "mesher replay: {}{}{}\n", message, hint.empty() ? "" : ": ", hint);
  return code;
}

/// The choice that the options make; nothing if an id is neither form, which is reported.
std::optional<postgres::QuarantineChoice> choice_of(const CommandLine& line) {
  postgres::QuarantineChoice choice;
  choice.project_id = line.replay_project;
  choice.reason = line.replay_reason;
  for (const auto& text : line.replay_ids) {
    if (const auto event = nodes::EventId::parse(text)) {
      choice.events.push_back(*event);
      continue;
    }
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail("--id " + text + " is neither the number of an entry nor the id of an event");
      return std::nullopt;
    }
    choice.ids.push_back(id);
  }
  return choice;
}

bool server_runs(postgres::Connection& connection) {
  const auto rows = connection.query(
      "select count(*) from pg_stat_activity where datname = current_database() and application_name = '" +
      std::string(Replayer::kName) + "'");
  return rows && rows->integer(0, 0) > 0;
}

/// How many of those up to `last` are still marked when none is any more, or patience has ended.
Result<std::int64_t> wait_until_sent(postgres::Connection& connection, std::int64_t last) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  postgres::Params params;
  params.integer(last);
  while (true) {
    const auto rows = connection.query(
        "select count(*) from quarantine where replay_requested_at is not null and id <= $1::bigint", params);
    if (!rows) return rows.error();
    const auto left = rows->integer(0, 0);
    if (left == 0 || std::chrono::steady_clock::now() > deadline) return left;
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace

int run_replay(const CommandLine& line) {
  const bool chosen = !line.replay_ids.empty() || line.replay_project != 0 || !line.replay_reason.empty();
  if (chosen == line.replay_all) {
    return fail("say which events", "--all, or --id, --project, --reason (together: all must fit)", 2);
  }
  const auto choice = choice_of(line);
  if (!choice) return 2;
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error().message, database.error().hint);
  auto connection = postgres::Connection::open(database->connect_options("mesher replay"));
  if (!connection) return fail(connection.error().message, connection.error().hint);
  const auto request = postgres::request_replay(*connection, *choice);
  if (!request) return fail(request.error().message, request.error().hint);

  const bool running = server_runs(*connection);
  if (request->marked > 0 && running) {
    const auto left = wait_until_sent(*connection, request->last);
    if (!left) return fail(left.error().message, left.error().hint);
    if (*left > 0) {
      return fail(fmt::format("{} events are still waiting for the server's journal", *left),
                  "they stay marked, and go as soon as it takes them");
    }
  }
  if (line.json) {
    fmt::print("{{\"replayed\":{},\"waiting_for_server\":{},\"skipped\":{}}}\n", running ? request->marked : 0,
               running ? 0 : request->marked, request->skipped);
  } else {
    fmt::print("{} quarantined events {}\n", request->marked,
               running ? "sent round again" : "go round again when the server starts");
    if (request->skipped > 0) {
      fmt::print("{} left where they are: bundles of counts or unreadable records, no events\n", request->skipped);
    }
  }
  return request->marked == 0 ? 1 : 0;
}

}  // namespace mesher::cli
