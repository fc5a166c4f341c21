#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "graph/base/metrics.hpp"
#include "graph/base/result.hpp"
#include "graph/base/thread_times.hpp"
#include "io/http/byte_budget.hpp"
#include "io/http/message.hpp"

namespace mesher::http {

struct ServerOptions {
  std::string listen =
      "127.0.0.1:8080";                  ///< address:port, [v6]:port, localhost:port or *:port; port 0 picks a free one
  std::uint32_t threads = 0;             ///< I/O threads; 0: one per core
  std::string tls_certificate, tls_key;  ///< PEM files; both or none

  std::chrono::milliseconds header_timeout{10'000};  ///< from a request's first byte to its empty line
  std::chrono::milliseconds body_timeout{30'000};    ///< for a body, plus one second for every body_rate bytes received
  std::size_t body_rate = 4096;                      ///< bytes a second below which a body is cut in the end
  std::chrono::milliseconds idle_timeout{60'000};    ///< between two requests of a connection
  std::chrono::milliseconds write_timeout{30'000};   ///< without any progress while answering
  std::chrono::milliseconds websocket_timeout{60'000};  ///< silence before a ping; as long again, and it is closed

  std::size_t max_connections = 10'000;
  std::size_t max_connections_per_address = 1'000;   ///< loopback is exempt
  std::size_t max_header_bytes = 32 * 1024;          ///< request line and headers
  std::size_t max_body_bytes = 20 * 1024 * 1024;     ///< on the wire; also the bound of one WebSocket message
  std::size_t body_budget_bytes = 64 * 1024 * 1024;  ///< all bodies in memory
  std::shared_ptr<ByteBudget> body_budget;           ///< given: used instead of one of body_budget_bytes
  std::size_t websocket_queue_frames = 256;  ///< frames waiting in one Socket, beyond which send() answers false
  std::size_t websocket_queue_bytes = 1024 * 1024;
  std::shared_ptr<ThreadTimes> thread_times = std::make_shared<ThreadTimes>();  ///< the I/O threads are counted there
};

/// The HTTP/1.1 and WebSocket server: one thread and one io_context per worker, a connection stays with its worker, so
/// connections need no locks. One request of a connection is handled at a time; pipelined ones wait in order in a
/// bounded buffer. Whatever one connection does (garbage, silence, one byte a second, endless bodies) ends with that
/// connection answered 4xx or closed; others notice nothing.
///
/// Order of use: construct, start(), ... stop_accepting(), drain(), stop(). The router and metrics must outlive it.
/// All methods are for one controlling thread; Respond and Socket may be used from any thread, also after the server is
/// gone (then they do nothing).
class Server {
 public:
  Server(ServerOptions options, const Router& router, Metrics& metrics);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and starts the threads. Errors: invalid (address, certificate), conflict (port in use).
  Status start();

  /// The port that is listened on; 0 before start().
  [[nodiscard]] std::uint16_t port() const;
  /// "http://127.0.0.1:8080"
  [[nodiscard]] std::string url() const;

  void stop_accepting();

  /// Requests that have begun are answered with `Connection: close`, idle connections are closed, WebSockets get close
  /// code 1001. Returns when all are gone (true), or cuts what is left when `patience` is over (false).
  bool drain(std::chrono::milliseconds patience);

  /// Closes everything now and joins the threads. Idempotent; the destructor calls it.
  void stop();

  /// The bound on bodies in memory; ingestion charges what it inflates to it too.
  [[nodiscard]] const std::shared_ptr<ByteBudget>& body_budget() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mesher::http
