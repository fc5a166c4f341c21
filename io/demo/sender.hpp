#pragma once

#include <memory>
#include <string>

#include "graph/base/result.hpp"
#include "io/demo/event_maker.hpp"

namespace mesher::demo {

/// Sends events to a running server as any client does. One thread.
class Sender {
 public:
  /// `url`: "http://127.0.0.1:8080".
  Sender(std::string url, const std::string& public_key);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Error: unavailable (no server there), denied (it does not take the event).
  Status send(const MadeEvent& event);

  /// Whether a server is there and ready. Error: unavailable, with what it says.
  Status ready();

 private:
  Result<long> request(const std::string& path, const MadeEvent* event);

  struct Curl;
  const std::string url_;
  const std::string auth_;
  std::unique_ptr<Curl> curl_;
};

}  // namespace mesher::demo
