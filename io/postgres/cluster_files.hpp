#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "graph/base/result.hpp"
#include "io/postgres/child_process.hpp"

/// What lies around an embedded cluster: PostgreSQL's programs, directories, settings, the pid file.
namespace mesher::postgres {

struct ClusterPaths {
  std::filesystem::path data_dir;  ///< Mesher's
  std::filesystem::path cluster;   ///< PostgreSQL's, <data_dir>/postgres
  std::filesystem::path sockets;   ///< <data_dir>/run, or below /tmp when that would be too long for a socket's name
  std::filesystem::path output;    ///< what the server says before its own log is open
  std::optional<RunAs> run_as;     ///< set if we are root, as which PostgreSQL refuses to run
};

/// Makes the directories, owned by the right user. Error: denied (with what to do), unavailable.
[[nodiscard]] Result<ClusterPaths> prepare_paths(const std::filesystem::path& data_dir);
/// The same without making or checking anything.
[[nodiscard]] ClusterPaths paths_of(const std::filesystem::path& data_dir);

/// Folder with initdb and postgres, 14 or newer: that of `major` if given, else the newest. Looks at MESHER_PG_BINDIR,
/// /usr/lib/postgresql/*/bin, pg_config --bindir and PATH. Error: not_found, with what to install.
[[nodiscard]] Result<std::filesystem::path> find_programs(std::optional<int> major);
/// Major version of the programs in a folder; 0 if there are none.
[[nodiscard]] int programs_version(const std::filesystem::path& folder);
/// Major version of the cluster there; nothing if there is none yet.
[[nodiscard]] std::optional<int> cluster_version(const std::filesystem::path& cluster);

/// Settings for this work and this machine's memory and disk, written to <cluster>/mesher.conf, which
/// <cluster>/postgresql.conf includes first: what a user adds there wins.
[[nodiscard]] Status write_settings(const ClusterPaths& paths, const std::filesystem::path& programs, int major);

/// postmaster.pid of a server that is really running in this cluster.
struct RunningServer {
  pid_t pid = 0;
  std::string sockets;
  int port = 0;
};
[[nodiscard]] std::optional<RunningServer> find_running(const std::filesystem::path& cluster);
/// True if process `pid` is a PostgreSQL server that works in `cluster`.
[[nodiscard]] bool is_server_of(pid_t pid, const std::filesystem::path& cluster);

/// "host='…' port=5432 user=mesher dbname=…"
[[nodiscard]] std::string conninfo_of(const std::string& sockets, int port, std::string_view database);

}  // namespace mesher::postgres
