#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/http/ingest.hpp"
#include "tests/unit/io/http/fake_journal.hpp"

namespace mesher::http::testing {

inline const std::string kKey = "0123456789abcdef0123456789abcdef";
inline const std::string kDisabledKey(32, 'd');
constexpr std::uint32_t kProject = 42;

/// The door with a journal in memory and one project; requests go to the router without sockets.
class IngestFixture : public ::testing::Test {
 protected:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  IngestFixture() {
    publish(0, 0);
    ingest_->add_routes(router_);
  }

  void publish(std::uint32_t key_limit, std::uint32_t project_limit, std::vector<std::string> origins = {},
               bool enabled = true) {
    auto snapshot = std::make_shared<nodes::ports::ProjectSnapshot>();
    auto& project = snapshot->projects[kProject];
    project.id = kProject;
    project.rate_limit_per_minute = project_limit;
    project.allowed_origins = std::move(origins);
    snapshot->keys[kKey] = {7, kProject, kKey, enabled, key_limit};
    snapshot->keys[kDisabledKey] = {8, kProject, kDisabledKey, false, 0};
    projects_.publish(snapshot);
  }

  /// The answer, or status 0 if there is none yet.
  Response send(std::string method, std::string path, std::string body, Headers headers = {}, std::string query = {}) {
    Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.remote_address = "192.0.2.7";
    auto answer = std::make_shared<Response>();
    answer->status = 0;
    router_.handle(std::move(request), [answer](Response response) { *answer = std::move(response); });
    last_ = answer;
    return *answer;
  }
  Response post(std::string body, Headers headers = {}) {
    headers.emplace_back("x-mesher-auth", kKey);
    return send("POST", "/api/v1/events", std::move(body), std::move(headers));
  }
  Response bulk(std::string body, Headers headers = {}) {
    headers.emplace_back("x-mesher-auth", kKey);
    return send("POST", "/api/v1/events/bulk", std::move(body), std::move(headers));
  }
  Response envelope(std::string body, Headers headers = {}) {
    return send("POST", "/api/42/envelope/", std::move(body), std::move(headers),
                "sentry_version=7&sentry_key=" + kKey);
  }
  Response store(std::string body, Headers headers = {}) {
    return send("POST", "/api/42/store/", std::move(body), std::move(headers), "sentry_version=7&sentry_key=" + kKey);
  }

  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  static nlohmann::json json(const Response& response) { return nlohmann::json::parse(response.body); }
  std::vector<std::string> flushed_outcomes() {
    EXPECT_TRUE(ingest_->flush(std::chrono::seconds(5)));
    return journal_.outcomes();
  }

  ManualClock clock_;
  Metrics metrics_;
  FakeJournal journal_;
  nodes::ports::ProjectDirectory projects_;
  std::shared_ptr<ByteBudget> budget_ = std::make_shared<ByteBudget>(64 * 1024 * 1024);
  std::unique_ptr<Ingest> ingest_ =
      std::make_unique<Ingest>(IngestOptions{}, projects_, journal_, clock_, metrics_, budget_);
  Router router_;
  std::shared_ptr<Response> last_;  ///< of the latest send(), filled when it is answered
};

}  // namespace mesher::http::testing
