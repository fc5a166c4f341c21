#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/base/clock.hpp"
#include "graph/base/metrics.hpp"
#include "io/postgres/connection.hpp"
#include "io/postgres/embedded.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_store.hpp"
#include "nodes/event.hpp"

/// A real PostgreSQL for tests: the cluster that ctest starts for all (MESHER_TEST_CLUSTER names the file of
/// tests/cluster), or, by hand, a private one of the test program, made when it is first asked for and removed at the
/// end. Every test has a migrated database of its own.
namespace mesher::postgres::testing {

/// Folder for this run that user postgres can pass through.
std::filesystem::path scratch_folder();

/// A private server, for tests that kill it or cut off its sessions.
Embedded& server();

/// A database of its own with all tables: what to connect to. Dropped when the program ends.
ConnectOptions fresh_database();
/// The same on server().
ConnectOptions fresh_database_of_own_server();

/// Inserts an organisation (once) and a project; answers its id.
std::uint32_t make_project(Connection& connection, const std::string& slug);

/// Owns what its events point into.
class EventMaker {
 public:
  explicit EventMaker(std::uint64_t seed = 1) : state_(seed) {}

  /// An event of `issue_id` with random id, received at `received`.
  nodes::Event& make(std::uint32_t project_id, std::int64_t issue_id, UnixMicros received);
  std::string_view keep(std::string text);
  std::span<const nodes::Tag> keep_tags(std::vector<nodes::Tag> tags);
  std::uint64_t random(std::uint64_t below);
  [[nodiscard]] std::vector<nodes::Event*> all();

 private:
  std::uint64_t state_;
  std::vector<std::unique_ptr<nodes::Event>> events_;
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<std::unique_ptr<std::vector<nodes::Tag>>> tags_;
};

nodes::Fingerprint hash_of(std::uint64_t number);
nodes::ports::IssueStore::Wanted wanted(std::uint32_t project_id, std::vector<std::uint64_t> hashes);

/// An EventStore with all that it needs, on a database with one project.
struct StoreFixture {
  explicit StoreFixture(const ConnectOptions& database = fresh_database());
  std::vector<std::int64_t> make_issues(std::size_t count, std::uint64_t first_hash = 1);
  nodes::ports::WriteSet set(std::vector<nodes::Event*> events, std::uint64_t from, std::uint64_t to);
  std::int64_t number(const std::string& sql);

  ConnectOptions options;
  SystemClock clock;
  Metrics metrics;
  Health health;
  Partitions partitions;
  EventStore store;
  IssueStore issues;
  Connection connection;
  std::uint32_t project = 0;
  UnixMicros now = 0;
};

}  // namespace mesher::postgres::testing
