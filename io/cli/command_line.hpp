#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/cli/config.hpp"

namespace mesher::cli {

/// A parsed command line. Only the fields of its command mean anything.
struct CommandLine {
  std::string command;  ///< "serve", "setup", "validate", …
  Config config;

  // setup
  std::string organization, project, platform, email, password;
  bool json = false;
  // graph
  std::string format = "text";
  // fingerprint
  bool lines = false, explain = false;
  std::string rules_file;
  // replay
  bool replay_all = false;
  std::vector<std::string> replay_ids;
  std::uint32_t replay_project = 0;
  std::string replay_reason;
  // demo
  bool demo_once = false;
  std::uint64_t demo_seed = 1;
  double demo_per_minute = 40;
  // backup, restore, drain
  std::string backup_file;
  std::uint32_t wait_seconds = 0;
  // retain
  bool dry_run = false;
  // help node TYPE (empty: all), help settings
  std::string topic;
  std::string node_type;
  // tap, top
  std::string url, token;    ///< empty: found in the data directory
  std::string node, filter;  ///< also of drain
  std::uint64_t count = 0;   ///< events of tap, tables of top; 0: no end
  double interval = 1;       ///< seconds between two looks of top
  bool plain = false;
  // psql: what is passed on
  std::vector<std::string> rest;
};

/// Parses the command line, MESHER_… variables and, for commands that take settings, the config file. If there is
/// nothing to run (--help, a mistake) it has printed what there is to say and answers the exit code instead: mistakes
/// in a config file as `F:line:column: message`, exit code 1; of the command line 2.
struct Parsed {
  std::optional<CommandLine> command;
  int exit_code = 0;
};
[[nodiscard]] Parsed parse_command_line(int argc, const char* const* argv);

}  // namespace mesher::cli
