#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/event_pool.hpp"
#include "bench/load/options.hpp"

namespace mesher::bench {

/// Makes the bytes of one request: a POST with an event, a bulk of them or an envelope, or a WebSocket frame.
/// Not thread-safe.
class RequestWriter {
 public:
  RequestWriter(const LoadOptions& options, const Target& target, EventPool& pool, const EventIds& ids);

  /// Appends a request with the events `first` to `first + events - 1`.
  void append(std::string& out, std::uint64_t first, std::uint32_t events, std::int64_t now_ms);

  /// Mode ws: what opens the connection.
  [[nodiscard]] std::string handshake() const;

 private:
  void make_body(std::uint64_t first, std::uint32_t events, std::int64_t now_ms);
  void append_post(std::string& out);
  void make_envelope(std::uint64_t number, std::int64_t now_ms);

  const LoadOptions& options_;
  EventPool& pool_;
  const EventIds& ids_;
  std::string host_, authentication_, head_;  ///< head_: a POST's up to the value of Content-Length, which comes last
  std::string body_, packed_;
};

}  // namespace mesher::bench
