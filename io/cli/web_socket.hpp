#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "graph/base/result.hpp"

namespace mesher::cli {

/// A client's end of a WebSocket (RFC 6455) that reads text messages, over libcurl's connection, so also by TLS. One
/// thread.
class WebSocket {
 public:
  /// `url`: http:// or https:// with path. Errors: unavailable; denied, not_found, invalid with the server's answer.
  static Result<std::unique_ptr<WebSocket>> open(const std::string& url, const std::string& token);
  ~WebSocket();
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// The next message; empty if none came in this time. Error: unavailable, when the other end has closed, with its
  /// reason.
  Result<std::string> receive(std::chrono::milliseconds patience);

 private:
  struct Impl;
  explicit WebSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mesher::cli
