#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/http/exchange.hpp"
#include "io/http/read_buffer.hpp"
#include "io/http/request_parser.hpp"
#include "io/http/stream.hpp"
#include "io/http/worker.hpp"

/// Internal to the server's sources (it includes Asio and Beast).
namespace mesher::http {

/// One accepted HTTP connection: reads a request, hands it to the router, writes the answer, again.
class Connection final : public Peer {
 public:
  Connection(Worker& worker, TcpSocket socket, std::string remote_address, ConnectionQuota::Unit unit);
  ~Connection() override;

  void start();
  void tick(SteadyTime now) override;
  void drain() override;
  void abort() override;

  /// The handler's answer to the current request, or the socket handler that takes over.
  void respond(Response response);
  void upgrade(std::unique_ptr<SocketHandler> handler);

 private:
  enum class State : std::uint8_t { handshake, idle, header, body, handling, writing, lingering, closed };

  std::shared_ptr<Connection> self() { return std::static_pointer_cast<Connection>(shared_from_this()); }
  void enter(State state);
  void read();
  void on_read(const error_code& error, std::size_t n);
  void parse();
  bool headers_complete();
  void send_continue();
  void dispatch();
  void dispatch_upgrade(const UpgradeHandler& handler);
  void refuse(int status, std::string_view code, std::string_view message);
  void refuse(const error_code& error);
  void write();
  void on_written(const error_code& error);
  void linger();
  void close();
  RequestParser& parser();

  Stream stream_;
  ReadBuffer in_;
  std::optional<RequestParser> parser_;
  std::optional<Request> upgrade_request_;  ///< kept for the WebSocket handshake
  const std::string remote_address_;
  ConnectionQuota::Unit unit_;

  State state_ = State::idle;
  SteadyTime entered_{};  ///< when state_ began
  bool headers_seen_ = false, keep_alive_ = false, http_1_0_ = false, head_ = false;
  bool read_more_ = false, in_parse_ = false;
  bool reading_ = false;      ///< a read is waiting: in_ must not be touched
  bool continuing_ = false;   ///< "100 Continue" is being written
  bool rest_unread_ = false;  ///< refused before the request's end
  std::size_t lingered_ = 0;
  RouteClass route_ = RouteClass::web;

  std::string head_out_;
  Response response_;
  std::size_t written_ = 0;
};

}  // namespace mesher::http
