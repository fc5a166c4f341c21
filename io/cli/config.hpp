#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"
#include "graph/topology.hpp"

namespace mesher::cli {

/// Everything that `mesher serve` can be told. Each setting can be given on the command line, as an environment
/// variable, or in the config file; the first that is given wins, in this order.
struct Config {
  std::string listen = "127.0.0.1:8080";
  std::filesystem::path data_dir = "data";
  std::string database_url;  ///< empty: an embedded PostgreSQL in data_dir
  std::string public_url;    ///< how clients reach this server; empty: http(s)://<listen>
  std::string node_name;
  std::string join = "false";  ///< "true": one of several servers that share the database
  std::string cluster_secret;
  std::filesystem::path cluster_secret_file;
  std::string tls_cert, tls_key;
  std::uint32_t http_threads = 2;
  std::uint32_t max_connections = 20'000;
  std::uint32_t max_connections_per_address = 5'000;
  std::uint32_t live_sockets = 10'000;
  std::uint32_t live_sockets_per_user = 500;
  std::uint32_t journal_partitions = 2;
  std::uint64_t journal_max_size = std::uint64_t{4} << 30;
  std::uint64_t journal_min_free_disk = std::uint64_t{256} << 20;
  std::uint32_t graph_threads = 0;  ///< 0: one per core
  std::uint32_t graph_in_flight = 16;
  std::uint32_t graph_batch_events = 256;
  std::uint64_t graph_batch_bytes = std::uint64_t{2} << 20;
  std::string log_level = "info";
  std::string cors_origins;  ///< separated by commas
  std::chrono::seconds session_idle{14 * 86'400};
  std::chrono::seconds session_lifetime{90 * 86'400};
  std::uint32_t sign_ins_per_account = 10;
  std::uint32_t sign_ins_per_address = 100;
  std::uint32_t api_requests_per_minute = 30'000;
  std::string allow_private_notifications = "false";  ///< "true": webhooks may go to private addresses
  std::filesystem::path secret_file;                  ///< empty: secret.key in data_dir
  std::chrono::seconds notification_interval{30};
  std::string smtp_url, smtp_user, smtp_password, smtp_from = "mesher@localhost", smtp_tls = "require",
                                                  notification_ca_file;

  std::filesystem::path file;  ///< the config file; empty: none
  std::string topology_text;   ///< the text that the topology is read from: the file's, or the built-in one
};

/// One setting, described once: from this come command line, environment, config file and `docs/config.md`.
struct Setting {
  std::string option;    ///< "--listen"
  std::string variable;  ///< "MESHER_LISTEN"
  std::string table;     ///< "server": table of the config file
  std::string key;       ///< "listen"
  std::string help;
  std::string fallback;  ///< as text
  std::function<Status(Config&, const std::string&)> apply;
};

/// All settings, in the order in which they are documented.
[[nodiscard]] const std::vector<Setting>& settings();

/// The settings' tables of a config file: applied to `config` unless `already_given` names their option. A file with
/// [nodes.*] replaces the topology text, which parse_topology then checks. Mistakes have their place; unknown keys get
/// the nearest known name as a hint.
[[nodiscard]] std::vector<graph::Diagnostic> apply_file(std::string_view toml,
                                                        const std::vector<std::string>& already_given, Config& config);

/// Tables of the config file that are not the topology's.
[[nodiscard]] std::vector<std::string> setting_tables();

/// The settings as a Markdown table, for docs/config.md.
[[nodiscard]] std::string settings_markdown();

/// The whole content of a file. Error: not_found, denied or unavailable with the path.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace mesher::cli
