#include "io/cli/passwd.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "io/auth/password.hpp"
#include "io/cli/database.hpp"
#include "io/postgres/accounts.hpp"

namespace mesher::cli {
namespace {

int fail(std::string_view message) {
  fmt::print(stderr, "mesher: {}\n", message);
  return 1;
}

std::optional<std::string> line_of_input() {
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

/// Without showing what is typed.
std::optional<std::string> typed(const char* prompt) {
  fmt::print(stderr, "{}", prompt);
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) return std::nullopt;
  auto silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  auto line = line_of_input();
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print(stderr, "\n");
  return line;
}

}  // namespace

int passwd(const CommandLine& line) {
  const bool terminal = isatty(STDIN_FILENO) != 0;
  const auto password = terminal ? typed("New password: ") : line_of_input();
  if (!password) return fail("no password was given");
  if (password->size() < auth::kShortestPassword || password->size() > auth::kLongestPassword) {
    return fail(fmt::format("the password must have {} to {} bytes", auth::kShortestPassword, auth::kLongestPassword));
  }
  if (terminal && typed("Again: ") != password) return fail("the two are not the same: nothing was changed");
  const auto database = Database::open_beside_server(line.config);
  if (!database) return fail(database.error().message);
  auto connection = postgres::Connection::open(database->connect_options("mesher passwd"));
  if (!connection) return fail(connection.error().message);
  const auto known = postgres::reset_password(*connection, line.email, auth::hash_password(*password));
  if (!known) return fail(known.error().message);
  if (!*known) return fail(fmt::format("there is no account with the e-mail address {}", line.email));
  fmt::print("the password of {} is changed; all its sessions have ended\n", postgres::lower_case(line.email));
  return 0;
}

}  // namespace mesher::cli
