#include "io/postgres/setup.hpp"

#include <sodium.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "graph/base/assert.hpp"
#include "io/auth/password.hpp"
#include "io/auth/token.hpp"

namespace mesher::postgres {
namespace {

constexpr std::string_view kLock = "select pg_advisory_xact_lock(7308332187)";  // any number, the same everywhere
constexpr std::size_t kLongestName = 200;
constexpr std::size_t kLongestSlug = 60;

void ready() {
  static const bool initialised = sodium_init() >= 0;
  MESHER_ASSERT(initialised);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Status check(const SetupRequest& request) {
  const auto invalid = [](std::string message) { return Error{ErrorCode::invalid, std::move(message), {}}; };
  if (request.organization.empty() || request.organization.size() > kLongestName) {
    return invalid("the organisation's name is empty or too long");
  }
  if (request.project.empty() || request.project.size() > kLongestName) {
    return invalid("the project's name is empty or too long");
  }
  const auto at = request.email.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == request.email.size() || request.email.size() > kLongestName) {
    return invalid("the e-mail address is not one");
  }
  if (request.password.size() < auth::kShortestPassword) return invalid("the password has fewer than 8 characters");
  return {};
}

/// Runs a statement that answers one id.
Result<std::int64_t> id_of(Connection& connection, std::string_view sql, const Params& params) {
  const auto rows = connection.query(sql, params);
  if (!rows) return rows.error();
  if (rows->empty()) return Error{ErrorCode::internal, "no row where one was expected", {}};
  return rows->integer(0, 0);
}

Result<std::int64_t> owner(Connection& connection, const SetupRequest& request) {
  const auto email = lower(request.email);
  const auto known =
      connection.query("select id, password_hash, is_instance_owner from users where email = $1", Params().text(email));
  if (!known) return known.error();
  const bool found = !known->empty();
  if (found && known->boolean(0, 2) && auth::password_matches(std::string(known->text(0, 1)), request.password)) {
    return known->integer(0, 0);
  }
  auto id = id_of(connection,
                  "insert into users (email, password_hash, is_instance_owner) values ($1, $2, true) "
                  "on conflict (email) do update set password_hash = excluded.password_hash, is_instance_owner = true "
                  "returning id",
                  Params().text(email).text(auth::hash_password(request.password)));
  if (!id || !found) return id;
  // Another password: who signed in with the former one has to do so anew.
  const auto ended = connection.query("delete from sessions where user_id = $1::integer", Params().integer(*id));
  if (!ended) return ended.error();
  return id;
}

/// Finds by unique key or inserts: an update that changes nothing makes "returning" answer in both cases, but would
/// fire the triggers of projects; so it is a select first.
Result<std::int64_t> find_or_insert(Connection& connection, std::string_view find, const Params& key,
                                    std::string_view insert, const Params& values) {
  const auto found = connection.query(find, key);
  if (!found) return found.error();
  if (!found->empty()) return found->integer(0, 0);
  return id_of(connection, insert, values);
}

Result<std::string> project_key(Connection& connection, std::uint32_t project_id) {
  const auto found =
      connection.query("select public_key from project_keys where project_id = $1 and enabled order by id limit 1",
                       Params().integer(project_id));
  if (!found) return found.error();
  if (!found->empty()) return std::string(found->text(0, 0));
  auto key = new_public_key();
  const auto made = connection.query("insert into project_keys (project_id, public_key) values ($1, $2)",
                                     Params().integer(project_id).text(key));
  if (!made) return made.error();
  return key;
}

Result<std::string> fresh_token(Connection& connection, std::int64_t user_id) {
  auto secret = auth::new_token_secret();
  const auto hash = auth::hash_token(secret);
  const auto made =
      connection.query("insert into api_tokens (user_id, name, token_hash) values ($1, 'setup', $2)",
                       Params().integer(user_id).bytes({reinterpret_cast<const char*>(hash.data()), hash.size()}));
  if (!made) return made.error();
  return secret;
}

}  // namespace

std::string slug_of(std::string_view name, std::string_view otherwise) {
  std::string slug;
  for (const char c : lower(name)) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (keep) {
      slug += c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
    if (slug.size() == kLongestSlug) break;
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  if (!slug.empty()) return slug;
  // Names in other scripts must not all become one.
  const auto hash = auth::hash_token(name);
  std::string hex(9, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), 4);
  hex.pop_back();
  return std::string(otherwise) + "-" + hex;
}

std::string dsn_of(std::string_view public_url, std::string_view public_key, std::uint32_t project_id) {
  while (!public_url.empty() && public_url.back() == '/') public_url.remove_suffix(1);
  const auto scheme = public_url.find("://");
  const auto host = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::string dsn(scheme == std::string_view::npos ? "http://" : public_url.substr(0, host));
  dsn.append(public_key).append("@").append(public_url.substr(host)).append("/").append(std::to_string(project_id));
  return dsn;
}

std::string new_public_key() {
  ready();
  std::array<unsigned char, 16> random{};
  randombytes_buf(random.data(), random.size());
  std::string hex(2 * random.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), random.data(), random.size());
  hex.pop_back();
  return hex;
}

std::string SetupAnswer::to_json() const {
  const nlohmann::ordered_json document = {{"organization", {{"id", organization_id}, {"slug", organization_slug}}},
                                           {"project", {{"id", project_id}, {"slug", project_slug}}},
                                           {"public_key", public_key},
                                           {"dsn", dsn},
                                           {"api_token", api_token}};
  return document.dump();
}

Result<SetupAnswer> setup(Connection& connection, const SetupRequest& request) {
  if (auto status = check(request); !status) return status.error();
  SetupAnswer answer;
  answer.organization_slug = slug_of(request.organization, "organization");
  answer.project_slug = slug_of(request.project, "project");

  auto transaction = Transaction::begin(connection);
  if (!transaction) return transaction.error();
  if (auto locked = connection.query(kLock); !locked) return locked.error();
  const auto user_id = owner(connection, request);
  if (!user_id) return user_id.error();
  const auto organization = find_or_insert(connection, "select id from organizations where slug = $1",
                                           Params().text(answer.organization_slug),
                                           "insert into organizations (slug, name) values ($1, $2) returning id",
                                           Params().text(answer.organization_slug).text(request.organization));
  if (!organization) return organization.error();
  const auto member = connection.query(
      "insert into members (organization_id, user_id, role) values ($1, $2, 'owner') "
      "on conflict (organization_id, user_id) do update set role = 'owner'",
      Params().integer(*organization).integer(*user_id));
  if (!member) return member.error();
  const auto project = find_or_insert(
      connection, "select id from projects where organization_id = $1 and slug = $2",
      Params().integer(*organization).text(answer.project_slug),
      "insert into projects (organization_id, slug, name, platform) values ($1, $2, $3, $4) returning id",
      Params().integer(*organization).text(answer.project_slug).text(request.project).text(request.platform));
  if (!project) return project.error();
  answer.organization_id = static_cast<std::uint32_t>(*organization);
  answer.project_id = static_cast<std::uint32_t>(*project);
  auto key = project_key(connection, answer.project_id);
  if (!key) return key.error();
  answer.public_key = std::move(*key);
  answer.dsn = dsn_of(request.public_url, answer.public_key, answer.project_id);
  auto token = fresh_token(connection, *user_id);
  if (!token) return token.error();
  answer.api_token = std::move(*token);
  if (auto status = transaction->commit(); !status) return status.error();
  return answer;
}

}  // namespace mesher::postgres
