#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/http/request_parser.hpp"
#include "io/http/stream.hpp"
#include "io/http/worker.hpp"

/// Internal to the server's sources (it includes Asio and Beast).
namespace mesher::http {

/// Bytes read and not yet parsed. Headers must lie in one piece, so it grows up to the header limit; it shrinks again
/// when empty, so that an idle connection costs kIdle bytes.
class ReadBuffer {
 public:
  static constexpr std::size_t kIdle = 8 * 1024;
  static constexpr std::size_t kBody = 64 * 1024;

  [[nodiscard]] std::string_view data() const { return {memory_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  /// Room for at least one byte more, growing if `want` bytes do not fit.
  [[nodiscard]] asio::mutable_buffer prepare(std::size_t want);
  void commit(std::size_t n) { end_ += n; }
  void consume(std::size_t n);

 private:
  std::unique_ptr<char[]> memory_;
  std::size_t begin_ = 0, end_ = 0, capacity_ = 0;
};

class Connection;

/// One request under way, between the connection and the handler that holds its Respond.
class Exchange final : public Wakeable {
 public:
  Exchange(std::weak_ptr<Connection> connection, std::shared_ptr<Mailbox> mailbox, ByteBudget::Reservation body_bytes)
      : connection_(std::move(connection)), mailbox_(std::move(mailbox)), body_bytes_(std::move(body_bytes)) {}

  /// Any thread; the first call counts.
  static void answer(const std::shared_ptr<Exchange>& self, Response response);
  static void accept(const std::shared_ptr<Exchange>& self, std::unique_ptr<SocketHandler> handler, Response refusal);
  void woken() override;

 private:
  static void deliver(const std::shared_ptr<Exchange>& self);

  std::weak_ptr<Connection> connection_;
  std::shared_ptr<Mailbox> mailbox_;
  ByteBudget::Reservation body_bytes_;
  std::atomic<bool> answered_{false};
  Response response_;
  std::unique_ptr<SocketHandler> socket_handler_;
};

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
