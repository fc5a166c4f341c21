#include "io/cli/server_access.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "graph/base/log.hpp"
#include "io/auth/token.hpp"
#include "io/cli/database.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/params.hpp"

namespace mesher::cli {
namespace {

std::filesystem::path address_file(const Config& config) {
  return config.data_dir / "address";
}

std::size_t collect(char* data, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(data, size * count);
  return size * count;
}

std::string message_of(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("error")) return "no message";
  return json["error"].value("message", "no message");
}

class Access final : public ServerAccess {
 public:
  Access() : curl_(curl_easy_init()) {}
  ~Access() override {
    curl_easy_cleanup(curl_);
    if (!connection_) return;
    (void)connection_->query("delete from api_tokens where id = $1::integer", postgres::Params().integer(token_id_));
  }

  void use(std::string url, std::string token) {
    url_ = std::move(url);
    while (url_.ends_with('/')) url_.pop_back();
    token_ = std::move(token);
  }

  /// A token of an owner of the instance, from the database.
  Status lend(const CommandLine& line) {
    const auto database = Database::open_beside_server(line.config);
    if (!database) return database.error();
    auto connection = postgres::Connection::open(database->connect_options("mesher " + line.command));
    if (!connection) return connection.error();
    auto secret = auth::new_token_secret();
    const auto hash = auth::hash_token(secret);
    const auto rows = connection->query(
        "insert into api_tokens (user_id, name, token_hash, scopes, expires_at)"
        " select id, $1::text, $2::bytea, '{read}', now() + interval '12 hours' from users where is_instance_owner"
        " order by id limit 1 returning id",
        postgres::Params()
            .text("mesher " + line.command)
            .bytes({reinterpret_cast<const char*>(hash.data()), hash.size()}));
    if (!rows) return rows.error();
    if (rows->empty())
      return Error{ErrorCode::denied, "nobody owns this instance yet", "make an owner by mesher setup"};
    token_id_ = rows->integer(0, 0);
    connection_.emplace(std::move(*connection));
    token_ = std::move(secret);
    return {};
  }

  Result<std::string> get(const std::string& path) override {
    std::string body;
    curl_easy_reset(curl_);
    auto* headers = curl_slist_append(nullptr, ("Authorization: Bearer " + token_).c_str());
    curl_easy_setopt(curl_, CURLOPT_URL, (url_ + path).c_str());
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    const auto code = curl_easy_perform(curl_);
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
      return Error{ErrorCode::unavailable, fmt::format("{}: {}", url_, curl_easy_strerror(code)),
                   "is the server running? name it with --url"};
    }
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) return body;
    const auto kind = status == 401 || status == 403 ? ErrorCode::denied
                      : status == 404                ? ErrorCode::not_found
                                                     : ErrorCode::unavailable;
    return Error{kind, fmt::format("the server answers {}: {}", status, message_of(body)), ""};
  }

 private:
  CURL* const curl_;
  std::optional<postgres::Connection> connection_;
  std::int64_t token_id_ = 0;
};

}  // namespace

Result<std::unique_ptr<ServerAccess>> ServerAccess::open(const CommandLine& line) {
  auto access = std::make_unique<Access>();
  auto url = line.url;
  if (url.empty()) {
    url = noted_address(line.config);
    if (url.empty()) {
      return Error{ErrorCode::not_found, "no server has run on " + line.config.data_dir.string(),
                   "name the data directory with --data-dir, or the server with --url and --token"};
    }
  }
  access->use(url, line.token);
  if (line.token.empty()) {
    if (auto status = access->lend(line); !status) return std::move(status).error();
  }
  return std::unique_ptr<ServerAccess>(std::move(access));
}

std::string noted_address(const Config& config) {
  std::string url;
  std::ifstream(address_file(config)) >> url;
  return url;
}

void note_address(const Config& config, const std::string& url) {
  std::ofstream file(address_file(config), std::ios::trunc);
  file << url << '\n';
  if (!file) log::warn("serve", "{} can't be written", address_file(config).string());
}

}  // namespace mesher::cli
