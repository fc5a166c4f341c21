#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

/// Internal to the server's sources (it includes Asio).
namespace mesher::http {

namespace asio = boost::asio;
using error_code = boost::system::error_code;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

/// A connection's bytes, plain or TLS: one type, so that what is built on it is instantiated once. Fulfils Beast's
/// AsyncStream.
class Stream {
 public:
  using executor_type = TcpSocket::executor_type;
  using Tls = asio::ssl::stream<TcpSocket&>;

  Stream(TcpSocket socket, asio::ssl::context* tls) : socket_(std::make_unique<TcpSocket>(std::move(socket))) {
    if (tls != nullptr) tls_ = std::make_unique<Tls>(*socket_, *tls);
  }

  executor_type get_executor() { return socket_->get_executor(); }
  [[nodiscard]] TcpSocket& socket() { return *socket_; }
  [[nodiscard]] Tls* tls() { return tls_.get(); }

  /// Bytes that were read already and belong to what reads next (frames behind an upgrade request).
  void unread(std::string_view bytes) { prefix_.insert(0, bytes); }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& done, const Buffers& to) {
          if (!prefix_.empty()) {
            const auto n = asio::buffer_copy(to, asio::buffer(prefix_));
            prefix_.erase(0, n);
            asio::post(get_executor(),
                       [done = std::forward<decltype(done)>(done), n]() mutable { done(error_code{}, n); });
          } else if (tls_) {
            tls_->async_read_some(to, std::forward<decltype(done)>(done));
          } else {
            socket_->async_read_some(to, std::forward<decltype(done)>(done));
          }
        },
        handler, buffers);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& done, const Buffers& from) {
          if (tls_) {
            tls_->async_write_some(from, std::forward<decltype(done)>(done));
          } else {
            socket_->async_write_some(from, std::forward<decltype(done)>(done));
          }
        },
        handler, buffers);
  }

  void close() {
    error_code ignored;
    socket_->close(ignored);
  }

 private:
  std::unique_ptr<TcpSocket> socket_;  // on the heap: the TLS layer refers to it when the Stream moves
  std::unique_ptr<Tls> tls_;
  std::string prefix_;
};

/// Beast's customisation points, found by their names.
template <class Handler>
void async_teardown(boost::beast::role_type role, Stream& stream, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, stream.socket(), std::forward<Handler>(handler));
}
inline void beast_close_socket(Stream& stream) {
  stream.close();
}

}  // namespace mesher::http
