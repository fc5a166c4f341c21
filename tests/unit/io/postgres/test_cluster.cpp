#include "test_cluster.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "io/postgres/migrations.hpp"

namespace mesher::postgres::testing {
namespace fs = std::filesystem;
namespace {

Connection must_open(const ConnectOptions& options) {
  auto connection = Connection::open(options);
  if (!connection) {
    ADD_FAILURE() << connection.error().message;
    std::abort();
  }
  return std::move(*connection);
}

/// The same server, another database.
ConnectOptions in_database(const std::string& conninfo, const std::string& name) {
  ConnectOptions options;
  options.conninfo = conninfo.substr(0, conninfo.rfind("dbname=")) + "dbname=" + name;
  return options;
}

/// Drops its databases and stops its server before it removes the folder.
struct Scratch {
  Scratch() {
    // In memory if there is such a place: initdb and the checkpoints at the end are nearly all of what these tests
    // take.
    std::string pattern = access("/dev/shm", W_OK) == 0 ? "/dev/shm/mesher-test-XXXXXX" : "/tmp/mesher-test-XXXXXX";
    folder = mkdtemp(pattern.data());
    chmod(folder.c_str(), 0755);
  }
  ~Scratch() {
    for (const auto& [conninfo, name] : databases) {
      if (embedded && conninfo == embedded->conninfo()) continue;
      auto connection = Connection::open(in_database(conninfo, "postgres"));
      if (connection) static_cast<void>(connection->execute("drop database if exists " + name + " with (force)"));
    }
    embedded.reset();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path folder;
  std::unique_ptr<Embedded> embedded;
  std::vector<std::pair<std::string, std::string>> databases;  ///< conninfo of the server, name
};

Scratch& scratch() {
  static Scratch instance;
  return instance;
}

/// The cluster that ctest has started for all database tests (tests/cluster); one of our own if there is none.
const std::string& shared_conninfo() {
  static const std::string conninfo = [] {
    std::string line;
    if (const char* file = std::getenv("MESHER_TEST_CLUSTER")) std::getline(std::ifstream(file) >> std::ws, line);
    return line.empty() ? server().conninfo() : line;
  }();
  return conninfo;
}

/// Migrated once per cluster, by whichever test comes first, and then only copied.
void make_template(const std::string& conninfo) {
  auto admin = must_open(in_database(conninfo, "postgres"));
  EXPECT_TRUE(admin.query("select pg_advisory_lock(4711)"));
  const auto there = admin.query("select 1 from pg_database where datname = 'migrated'");
  ASSERT_TRUE(there) << there.error().message;
  if (there->empty()) {
    EXPECT_TRUE(admin.execute("drop database if exists migrating"));
    EXPECT_TRUE(admin.execute("create database migrating"));
    {
      auto connection = must_open(in_database(conninfo, "migrating"));
      const auto migrated = migrate(connection, built_in_migrations());
      ASSERT_TRUE(migrated) << migrated.error().message;
    }
    const auto named = admin.execute("alter database migrating rename to migrated");
    EXPECT_TRUE(named) << named.error().message;
  }
  EXPECT_TRUE(admin.query("select pg_advisory_unlock(4711)"));
}

ConnectOptions copy_template(const std::string& conninfo) {
  static std::atomic<int> count{0};
  make_template(conninfo);
  const auto name = fmt::format("test_{}_{}", getpid(), ++count);
  const auto made =
      must_open(in_database(conninfo, "postgres")).execute("create database " + name + " template migrated");
  EXPECT_TRUE(made) << (made ? "" : made.error().message);
  scratch().databases.emplace_back(conninfo, name);
  return in_database(conninfo, name);
}

}  // namespace

fs::path scratch_folder() {
  return scratch().folder;
}

Embedded& server() {
  auto& own = scratch();
  if (!own.embedded) {
    auto started = Embedded::start(own.folder / "own");
    if (!started) {
      ADD_FAILURE() << started.error().message << ": " << started.error().hint;
      std::abort();
    }
    own.embedded = std::move(*started);
    // Tests kill the server, not the machine: what it has given to the kernel survives that.
    std::ofstream(own.folder / "own/postgres/postgresql.conf", std::ios::app) << "fsync = off\n";
    ConnectOptions options;
    options.conninfo = own.embedded->conninfo();
    EXPECT_TRUE(must_open(options).execute("select pg_reload_conf()"));
  }
  return *own.embedded;
}

ConnectOptions fresh_database() {
  return copy_template(shared_conninfo());
}

ConnectOptions fresh_database_of_own_server() {
  return copy_template(server().conninfo());
}

std::uint32_t make_project(Connection& connection, const std::string& slug) {
  EXPECT_TRUE(
      connection.execute("insert into organizations (slug, name) values ('acme', 'Acme') on conflict do nothing"));
  const auto rows = connection.query(
      "insert into projects (organization_id, slug, name) select id, $1, $1 from organizations returning id",
      Params().text(slug));
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  return static_cast<std::uint32_t>(rows->integer(0, 0));
}

std::uint64_t EventMaker::random(std::uint64_t below) {
  state_ += 0x9E3779B97F4A7C15;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return (z ^ (z >> 31)) % below;
}

std::string_view EventMaker::keep(std::string text) {
  return *texts_.emplace_back(std::make_unique<std::string>(std::move(text)));
}

std::span<const nodes::Tag> EventMaker::keep_tags(std::vector<nodes::Tag> tags) {
  return *tags_.emplace_back(std::make_unique<std::vector<nodes::Tag>>(std::move(tags)));
}

nodes::Event& EventMaker::make(std::uint32_t project_id, std::int64_t issue_id, UnixMicros received) {
  auto& event = *events_.emplace_back(std::make_unique<nodes::Event>());
  event.id = nodes::EventId::random();
  event.project_id = project_id;
  event.key_id = 1;
  event.issue_id = issue_id;
  event.received = received;
  event.timestamp = received - 1000;
  event.type = "error";
  event.platform = "python";
  event.message = keep(fmt::format("message {}", random(1000)));
  event.payload = keep(fmt::format(R"({{"event_id":"{}","message":"m"}})", event.id.hex()));
  return event;
}

std::vector<nodes::Event*> EventMaker::all() {
  std::vector<nodes::Event*> events;
  for (const auto& event : events_) events.push_back(event.get());
  return events;
}

nodes::Fingerprint hash_of(std::uint64_t number) {
  nodes::Fingerprint hash{};
  std::memcpy(hash.data(), &number, sizeof number);
  return hash;
}

nodes::ports::IssueStore::Wanted wanted(std::uint32_t project_id, std::vector<std::uint64_t> hashes) {
  nodes::ports::IssueStore::Wanted entry;
  entry.project_id = project_id;
  for (const auto hash : hashes) entry.hashes.push_back(hash_of(hash));
  entry.title = fmt::format("issue {}", hashes.front());
  entry.type = "error";
  entry.first_seen = 1'700'000'000'000'000;
  entry.grouping_version = 1;
  return entry;
}

StoreFixture::StoreFixture(const ConnectOptions& database)
    : options(database),
      store(options, clock, metrics, health, partitions),
      issues(options, health),
      connection(must_open(options)),
      project(make_project(connection, "shop")),
      now(clock.now()) {}

std::vector<std::int64_t> StoreFixture::make_issues(std::size_t count, std::uint64_t first_hash) {
  std::vector<nodes::ports::IssueStore::Wanted> entries;
  for (std::size_t i = 0; i < count; ++i) entries.push_back(wanted(project, {first_hash + i}));
  auto ids = issues.find_or_create(entries);
  EXPECT_TRUE(ids) << (ids ? "" : ids.error().message);
  std::vector<std::int64_t> numbers;
  for (const auto& found : *ids) numbers.push_back(found.issue_id);
  return numbers;
}

nodes::ports::WriteSet StoreFixture::set(std::vector<nodes::Event*> events, std::uint64_t from, std::uint64_t to) {
  nodes::ports::WriteSet set;
  set.journal_id = "journal";
  set.cursor_from = from;
  set.cursor_to = to;
  set.events = std::move(events);
  return set;
}

std::int64_t StoreFixture::number(const std::string& sql) {
  const auto rows = connection.query(sql);
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  return rows && !rows->empty() ? rows->integer(0, 0) : -1;
}

}  // namespace mesher::postgres::testing
