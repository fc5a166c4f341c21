/// The PostgreSQL that the database tests of one run of ctest share: each has a database of its own in it.
///   test-postgres start FILE   starts one and writes to FILE how to reach it; ends the one that FILE names, if any
///   test-postgres stop FILE    ends and removes it
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/postgres/connection.hpp"
#include "io/postgres/embedded.hpp"

namespace {
namespace fs = std::filesystem;
using mesher::postgres::Connection;
using mesher::postgres::Embedded;

int fail(const mesher::Error& error) {
  fmt::print(stderr, "{} {}\n", error.message, error.hint);
  return 1;
}

int stop(const fs::path& file) {
  std::ifstream in(file);
  std::string conninfo, folder;
  if (!std::getline(in, conninfo) || !std::getline(in, folder)) return 0;
  if (Embedded::running(folder)) {
    auto adopted = Embedded::start(folder);
    if (!adopted) return fail(adopted.error());
    (*adopted)->stop();
  }
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  fs::remove(file, ignored);
  return 0;
}

int start(const fs::path& file) {
  stop(file);
  // In memory if there is such a place: the files of a test database live for a second.
  std::string folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm/mesher-cluster-XXXXXX" : "/tmp/mesher-cluster-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr || chmod(folder.c_str(), 0755) != 0) return 1;
  auto started = Embedded::start(folder);
  if (!started) return fail(started.error());
  auto connection = Connection::open({(*started)->conninfo()});
  if (!connection) return fail(connection.error());
  // No power cut is tested here, so nothing needs to reach a disk.
  for (const auto* setting :
       {"alter system set fsync = off", "alter system set autovacuum = off", "select pg_reload_conf()"}) {
    if (auto done = connection->execute(setting); !done) return fail(done.error());
  }
  std::ofstream(file) << (*started)->conninfo() << "\n" << folder << "\n";
  started->release();
  _exit(0);  // as if killed: it stays for the tests
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 3 ? argv[1] : "";
  if (what == "start") return start(argv[2]);
  if (what == "stop") return stop(argv[2]);
  fmt::print(stderr, "test-postgres start|stop FILE\n");
  return 2;
}
