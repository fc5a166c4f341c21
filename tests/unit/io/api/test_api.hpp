#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/api/api.hpp"
#include "io/api/live.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_store.hpp"
#include "io/postgres/partitions.hpp"
#include "io/postgres/pool.hpp"
#include "io/postgres/read_access.hpp"

namespace mesher::api {

using TestJson = nlohmann::json;

/// A database for the tests of this program, with Mesher's tables, filled through the store that the pipeline uses.
/// Made when first asked for (tests/unit/io/postgres/test_cluster.hpp).
class TestDatabase {
 public:
  static TestDatabase& instance();

  /// Runs SQL and answers the first cell of the first row, "" if there is none.
  std::string sql(const std::string& text);

  std::uint32_t add_org(const std::string& slug);
  /// `password_hash`: of a password that has one; empty: nobody can sign in.
  std::uint32_t add_user(const std::string& email, bool instance_owner = false, const std::string& password_hash = {});
  void add_member(std::uint32_t org, std::uint32_t user, const std::string& role = "member");
  /// The secret. `scopes` as an SQL array, "{read}"; `expires` as SQL, "now() + interval '1 hour'" or "null".
  std::string add_token(std::uint32_t user, const std::string& scopes = "{}", const std::string& expires = "null");
  std::uint32_t add_project(std::uint32_t org, const std::string& slug);
  std::uint32_t add_key(std::uint32_t project);

  struct Sent {
    std::string payload;  ///< JSON
    UnixMicros received = 0;
    std::string group;  ///< events of one group make one issue
    nodes::EventId id = nodes::EventId::random();
  };
  /// Parses and stores events as the pipeline does; one transaction per call.
  void store(std::uint32_t project, const std::vector<Sent>& events);
  std::int64_t issue_of(std::uint32_t project, const std::string& group);

  postgres::Pool& pool() { return *pool_; }

 private:
  TestDatabase();
  ~TestDatabase();

  SystemClock clock_;
  Metrics metrics_;
  postgres::Health health_;
  postgres::Partitions partitions_;
  std::unique_ptr<postgres::Pool> pool_;
  std::unique_ptr<postgres::EventStore> events_;
  std::unique_ptr<postgres::IssueStore> issues_;
  std::uint64_t cursor_ = 0;
};

struct Answer {
  int status = 0;
  TestJson body;
  std::string text;
  std::map<std::string, std::string> headers;
  /// "not_found", or empty if it is no error.
  [[nodiscard]] std::string code() const;
  [[nodiscard]] std::string field() const;
};

/// A graph whose answers the test sets.
class FakeGraph final : public GraphControl {
 public:
  [[nodiscard]] graph::Topology topology() const override { return its_topology; }
  [[nodiscard]] std::vector<graph::NodeFigures> figures() const override { return its_figures; }
  [[nodiscard]] std::uint64_t generation() const override { return its_generation; }
  [[nodiscard]] bool healthy(std::string* /*reason*/) const override { return true; }
  Result<Change> apply(const std::string& toml, bool dry_run) override;

  graph::Topology its_topology;
  std::vector<graph::NodeFigures> its_figures;
  std::uint64_t its_generation = 1;
  std::vector<graph::Diagnostic> its_mistakes;
  std::string applied;  ///< text of the last apply() that was not a dry run
};

/// The system's time, and more if a test says so.
class ShiftedClock final : public Clock {
 public:
  [[nodiscard]] UnixMicros now() const override { return SystemClock().now() + shift_.load(); }
  [[nodiscard]] std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::now() + std::chrono::microseconds(shift_.load());
  }
  void advance(std::chrono::microseconds by) { shift_ += by.count(); }

 private:
  std::atomic<std::int64_t> shift_{0};
};

/// Of a request, beside its token.
struct Headers : std::vector<std::pair<std::string, std::string>> {
  using vector::vector;
};

/// The API on the test database, without sockets.
class TestApi {
 public:
  explicit TestApi(AccessSettings access = {});
  Answer get(const std::string& target, const std::string& token) { return send("GET", target, token); }
  Answer send(const std::string& method, const std::string& target, const std::string& token,
              const std::string& body = {}, const std::map<std::string, std::string>& more = {}) {
    Headers headers;
    if (!token.empty()) headers.emplace_back("authorization", "Bearer " + token);
    for (const auto& header : more) headers.emplace_back(header);
    return request(method, target, headers, body);
  }
  Answer request(const std::string& method, const std::string& target, const Headers& headers,
                 const std::string& body = {});
  /// Waits until everything that a request leaves for after its answer is done.
  void settle();
  /// All pages of a list, from the first on.
  std::vector<TestJson> all_pages(const std::string& target, const std::string& token);

  /// What the live stream would be told about this token.
  std::optional<ws::LivePrincipal> live(const std::string& token);

  TestDatabase& database = TestDatabase::instance();
  FakeGraph graph;
  ShiftedClock clock;
  std::vector<postgres::QuarantineEntry> replayed;
  Status replay_answer;

 private:
  const AccessSettings access_;
  Metrics metrics_;
  postgres::TokenReader tokens_{database.pool()};
  auth::Authenticator authenticator_{tokens_, clock, access_.session_idle};
  WorkerPool workers_{2, 64};
  http::Router router_;
};

/// A fresh name, so that tests do not meet in the database.
[[nodiscard]] std::string unique_name(std::string_view base);

/// Percent-encodes a value for a query string.
[[nodiscard]] std::string encoded(std::string_view value);

}  // namespace mesher::api
