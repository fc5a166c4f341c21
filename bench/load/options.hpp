#pragma once

#include <cstdint>
#include <string>

#include "graph/base/result.hpp"

namespace mesher::bench {

enum class Mode : std::uint8_t { single, bulk, envelope, ws };

/// What the command line of mesher-load says.
struct LoadOptions {
  std::string url;  ///< http://host:port
  std::string dsn;  ///< http://key@host:port/project; empty: no authentication is sent (yardsticks)
  std::string corpus;
  Mode mode = Mode::single;
  double rate = 0;  ///< events a second, by a fixed schedule; 0: as fast as answers come
  double duration_s = 10;
  std::uint64_t events = 0;  ///< stop after so many; 0: no such limit
  std::uint32_t connections = 8;
  std::uint32_t batch = 0;   ///< events a request or frame; 0: 100 for bulk, 1 for ws
  std::uint32_t window = 8;  ///< frames on the way per WebSocket
  std::uint32_t pool = 4096;
  std::uint64_t seed = 1;
  std::uint32_t issues = 500;
  double timeout_s = 30;  ///< for an answer
  bool gzip = false;
  bool json = false;
  std::string ids_out;     ///< file for every acknowledged event id
  std::string write_out;   ///< write events to this file as NDJSON and send nothing
  std::string live_token;  ///< watch the live stream with this API token
  std::uint32_t live_project = 0;
};

/// Exits with usage text on --help and on mistakes.
[[nodiscard]] LoadOptions parse_options(int argc, char** argv);

/// Where to send: parts of `url` and `dsn`.
struct Target {
  std::string host, port;  ///< as in the URL; port "80" if it names none
  std::string key;         ///< public key; empty: none
  std::string project;     ///< project id of the DSN
};
[[nodiscard]] Result<Target> target_of(const LoadOptions& options);

}  // namespace mesher::bench
