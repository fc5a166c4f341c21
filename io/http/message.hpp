#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Plain HTTP messages, so that handlers are written and tested without sockets and without Beast.
namespace mesher::http {

struct Request {
  std::string method;  ///< upper case
  std::string path;    ///< percent-decoded, repeated slashes collapsed, without query
  std::string query;   ///< raw, without '?'
  std::vector<std::pair<std::string, std::string>> headers;  ///< names lower-case, in order
  std::string body;                                          ///< as received; content encoding not undone
  std::string remote_address;                                ///< peer's, text
  bool tls = false;
  std::map<std::string, std::string> path_parameters;  ///< filled by the router: {id} of its pattern

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;          ///< empty if absent
  [[nodiscard]] std::optional<std::string> query_parameter(std::string_view name) const;  ///< percent-decoded
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Answers a request. Call exactly once, from any thread; the connection is kept until then.
using Respond = std::function<void(Response)>;

/// Runs on an I/O thread and must not block: what waits (the database) answers later from a thread of its own.
using Handler = std::function<void(Request, Respond)>;

/// One end of an accepted WebSocket. Any thread may call; a closed socket ignores calls.
class Socket {
 public:
  virtual ~Socket() = default;
  /// Queues a text frame. Order is kept. False if the socket's queue is at its bound (the frame was not taken) or
  /// closed.
  virtual bool send(std::shared_ptr<const std::string> text) = 0;
  [[nodiscard]] virtual std::size_t queued() const = 0;  ///< frames waiting
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  /// Stops or resumes the delivery of further messages: how a handler that has enough in hand holds its client back.
  virtual void pause_reading(bool /*paused*/) {}
};

/// What a WebSocket endpoint does. Calls for one socket never overlap; they run on an I/O thread and must not block.
class SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  virtual void opened(std::shared_ptr<Socket> socket) = 0;
  virtual void received(std::string text) = 0;
  /// There is room again in the queue after send() answered false, or after frames were written.
  virtual void writable() {}
  virtual void closed() = 0;
};

/// Decides about an upgrade request: a handler, or the HTTP answer that refuses it. May answer later, from any thread.
using AcceptSocket = std::function<void(std::unique_ptr<SocketHandler>, Response)>;
using UpgradeHandler = std::function<void(Request, AcceptSocket)>;

/// Path table. Patterns: "/api/v1/issues/{id}/events"; a parameter matches one segment; a trailing slash in the request
/// is ignored. Unknown path: 404; known path, other method: 405 with Allow. Filled before the server starts, then read
/// only.
class Router {
 public:
  Router();
  ~Router();
  void add(std::string_view method, std::string_view pattern, Handler handler);
  void add_upgrade(std::string_view pattern, UpgradeHandler handler);
  /// Answers GET and HEAD of paths that no pattern knows.
  void set_fallback(Handler handler);
  void handle(Request request, Respond respond) const;
  /// Null if the path takes no upgrade. Fills the request's path parameters.
  [[nodiscard]] const UpgradeHandler* upgrade(Request& request) const;
  /// "GET /api/v1/issues/{id}" of every route, sorted.
  [[nodiscard]] std::vector<std::string> routes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `{"error":{"code":…,"message":…,"field":…}}`, the answer of everything under /api/v1 that fails.
[[nodiscard]] Response error_response(int status, std::string_view code, std::string_view message,
                                      std::string_view field = {});

}  // namespace mesher::http
