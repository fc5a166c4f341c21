#include "io/postgres/embedded.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "io/postgres/connection.hpp"
#include "io/postgres/pool.hpp"
#include "test_cluster.hpp"

namespace mesher::postgres {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::scratch_folder;

std::int64_t number(const Embedded& server, const std::string& sql) {
  ConnectOptions options;
  options.conninfo = server.conninfo();
  auto connection = Connection::open(options);
  EXPECT_TRUE(connection) << (connection ? "" : connection.error().message);
  if (!connection) return -1;
  const auto rows = connection->query(sql);
  EXPECT_TRUE(rows) << (rows ? "" : rows.error().message);
  return rows && !rows->empty() ? rows->integer(0, 0) : -1;
}

/// One cluster for the whole story: making one takes a second or two.
TEST(RESIL_03_embedded, lives_through_stops_kills_and_stale_files) {
  const auto folder = scratch_folder() / "embedded";
  auto first = Embedded::start(folder);
  ASSERT_TRUE(first) << first.error().message << ": " << first.error().hint;
  EXPECT_FALSE((*first)->adopted());
  EXPECT_EQ(number(**first, "select 1"), 1);
  struct stat status {};
  ASSERT_EQ(stat((folder / "postgres").c_str(), &status), 0);
  EXPECT_NE(status.st_uid, 0U) << "PostgreSQL never runs as root";
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  EXPECT_EQ(number(**first, "select count(*) from pg_settings where name = 'listen_addresses' and setting = ''"), 1);
  EXPECT_EQ(number(**first, "select count(*) from pg_settings where name = 'synchronous_commit' and setting = 'on'"),
            1);
  EXPECT_TRUE(Embedded::running(folder));

  // Stopped, and found again.
  (*first)->stop();
  EXPECT_FALSE(Embedded::running(folder));
  first->reset();
  const auto began = std::chrono::steady_clock::now();
  auto second = Embedded::start(folder);
  ASSERT_TRUE(second) << second.error().message;
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("second_start_ms", static_cast<int>(took / 1ms));

  // Killed, and started again by the supervisor.
  const auto before = (*second)->pid();
  kill(before, SIGKILL);
  while ((*second)->pid() == before || (*second)->pid() == 0) std::this_thread::sleep_for(10ms);
  for (int i = 0; i < 500; ++i) {
    if (auto connection = Connection::open({(*second)->conninfo()})) break;
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(number(**second, "select 1"), 1);

  // Killed with a pid file whose number is somebody else's now.
  (*second)->stop();
  second->reset();
  std::ofstream(folder / "postgres" / "postmaster.pid")
      << getpid() << "\n"
      << (folder / "postgres").string() << "\n1700000000\n5432\n/nowhere\n\n  1 2\nready\n";
  auto third = Embedded::start(folder);
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_EQ(number(**third, "select 1"), 1);
}

TEST(RESIL_03_embedded, adopts_the_server_of_a_mesher_that_was_killed) {
  const auto folder = scratch_folder() / "orphan";
  const pid_t child = fork();
  if (child == 0) {
    auto started = Embedded::start(folder);
    _exit(started ? (started->release(), 0) : 1);  // without a destructor, as kill -9 would
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  auto adopted = Embedded::start(folder);
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_TRUE((*adopted)->adopted());
  const auto server = (*adopted)->pid();
  EXPECT_EQ(number(**adopted, "select 1"), 1);

  // Supervised like a child of our own.
  kill(server, SIGKILL);
  while ((*adopted)->pid() == server || (*adopted)->pid() == 0) std::this_thread::sleep_for(10ms);

  // A command beside it leaves it alone while it is used.
  (*adopted)->stop();
  EXPECT_FALSE(Embedded::running(folder));
}

TEST(RESIL_03_embedded, a_long_path_gets_a_short_socket) {
  const auto folder = scratch_folder() / std::string(120, 'x');
  const auto paths = paths_of(folder);
  EXPECT_LE(paths.sockets.native().size() + sizeof "/.s.PGSQL.5432.lock", 108U);
  EXPECT_NE(paths.sockets, paths_of(scratch_folder() / std::string(121, 'x')).sockets);
}

TEST(RESIL_03_embedded, says_what_to_do_about_a_cluster_of_another_version) {
  const auto folder = scratch_folder() / "old";
  fs::create_directories(folder / "postgres");
  std::ofstream(folder / "postgres" / "PG_VERSION") << "9\n";
  const auto refused = Embedded::start(folder);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("PostgreSQL 9"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().hint.find("postgresql-9"), std::string::npos) << refused.error().hint;
}

/// To root a folder is closed if PostgreSQL's own user can't pass through it, to anybody else if he can't write there.
TEST(RESIL_03_embedded, says_which_folder_is_closed_to_postgresql) {
  const auto closed = scratch_folder() / "closed";
  fs::create_directories(closed);
  ASSERT_EQ(chmod(closed.c_str(), geteuid() == 0 ? 0700 : 0500), 0);
  const auto refused = Embedded::start(closed / "data");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_NE(refused.error().message.find(closed.string()), std::string::npos) << refused.error().message;
  EXPECT_FALSE(refused.error().hint.empty());
}

TEST(RESIL_03_pool, bounds_its_connections_and_replaces_dead_ones) {
  Pool pool({testing::server().conninfo()}, 2);
  {
    auto a = pool.acquire();
    auto b = pool.acquire();
    ASSERT_TRUE(a && b);
    const auto none = pool.acquire(10ms);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::exhausted);
    ASSERT_TRUE((*a)->execute("begin"));  // left open: given back clean
  }
  ASSERT_TRUE(pool.query("select 1"));
  auto killer = Connection::open({testing::server().conninfo()});
  ASSERT_TRUE(killer);
  ASSERT_TRUE(
      killer->query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
                    "and application_name = 'mesher'"));
  const auto rows = pool.query("select 2");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->integer(0, 0), 2);

  Pool nowhere({"host=/nowhere dbname=x"}, 1);
  const auto away = nowhere.query("select 1");
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace mesher::postgres
