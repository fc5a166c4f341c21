#pragma once

#include <memory>
#include <string>

#include "graph/base/result.hpp"
#include "io/cli/command_line.hpp"

namespace mesher::cli {

/// How a command talks to a running server: with --url and --token, or, on the machine that has the data directory, by
/// what is found there and a token that lives as long as this object.
class ServerAccess {
 public:
  /// Errors: not_found (no server has written its address), unavailable, denied.
  static Result<std::unique_ptr<ServerAccess>> open(const CommandLine& line);
  virtual ~ServerAccess() = default;

  /// The body of GET `path`. Errors: unavailable, denied, not_found, invalid with the server's message.
  [[nodiscard]] virtual Result<std::string> get(const std::string& path) = 0;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& token() const { return token_; }

 protected:
  std::string url_, token_;
};

/// The address that the server of the data directory listens on, or did last; empty: none has run there.
[[nodiscard]] std::string noted_address(const Config& config);

/// Writes the address that the server listens on into its data directory, for commands that run beside it.
void note_address(const Config& config, const std::string& url);

}  // namespace mesher::cli
