#include "io/cli/first_start.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

#include "graph/base/log.hpp"
#include "io/postgres/setup.hpp"

namespace mesher::cli {
namespace {

constexpr std::string_view kFirstOwner = "owner@localhost.localdomain";

/// Twenty characters that are hard to confuse: about 98 bits.
std::string random_password() {
  static constexpr std::string_view kLetters = "abcdefghjkmnpqrstuvwxyz23456789";
  std::string password;
  for (int i = 0; i < 20; ++i) password += kLetters[randombytes_uniform(kLetters.size())];
  return password;
}

}  // namespace

std::optional<std::string> set_up_if_empty(const postgres::ConnectOptions& options, std::string_view url) {
  auto connection = postgres::Connection::open(options);
  if (!connection) {
    log::warn("serve", "the first owner can't be made: {}", connection.error().message);
    return std::nullopt;
  }
  const auto users = connection->query("select 1 from users limit 1");
  if (!users || users->size() != 0 || sodium_init() < 0) return std::nullopt;
  postgres::SetupRequest request;
  request.organization = "Default";
  request.project = "First project";
  request.email = std::string(kFirstOwner);
  request.password = random_password();
  request.public_url = std::string(url);
  const auto made = postgres::setup(*connection, request);
  if (!made) {
    log::warn("serve", "the first owner can't be made: {}", made.error().message);
    return std::nullopt;
  }
  return fmt::format(
      "\nThis is the first start. An owner and a project were made; this is shown once:\n"
      "  sign in    {} with password {}\n"
      "  API token  {}\n"
      "  DSN        {}\n\n"
      "Send an event:\n"
      "curl -sS {}/api/v1/events -H 'X-Mesher-Auth: {}' -H 'Content-Type: application/json' "
      "-d '{{\"message\":\"hello from curl\",\"level\":\"error\"}}'\n\n"
      "See what came of it:\n"
      "curl -sS {}/api/v1/projects/{}/issues -H 'Authorization: Bearer {}'\n\n",
      request.email, request.password, made->api_token, made->dsn, url, made->public_key, url, made->project_id,
      made->api_token);
}

}  // namespace mesher::cli
