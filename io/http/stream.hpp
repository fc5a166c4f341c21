#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/role.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
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
  Stream(Stream&&) noexcept = default;
  Stream& operator=(Stream&&) noexcept = default;
  ~Stream() {
    if (turns_) turns_->waiting.clear();  // they refer to this
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
          if (turns_) {
            write_in_turn(from, std::forward<decltype(done)>(done));
          } else if (tls_) {
            tls_->async_write_some(from, std::forward<decltype(done)>(done));
          } else {
            socket_->async_write_some(from, std::forward<decltype(done)>(done));
          }
        },
        handler, buffers);
  }

  /// From now on two may write: Beast its control frames, the session its messages. Each write goes out whole before
  /// the next begins. Not to be moved any more.
  void share_writing() { turns_ = std::make_shared<Turns>(); }

  /// Writes `bytes`, which must stay until `handler` is called. After share_writing().
  template <class Handler>
  void async_write_whole(const std::string& bytes, Handler&& handler) {
    write_in_turn(asio::const_buffer(asio::buffer(bytes)), std::forward<Handler>(handler));
  }

  void close() {
    error_code ignored;
    socket_->close(ignored);
  }

 private:
  struct Turns {
    bool busy = false;
    std::deque<std::function<void()>> waiting;
  };

  template <class Buffers, class Done>
  void write_in_turn(const Buffers& from, Done&& done) {
    auto shared = std::make_shared<std::decay_t<Done>>(std::forward<Done>(done));
    auto write = [this, from, shared] {
      turns_->busy = true;
      // The turns outlive this stream: an aborted write is told after it is gone.
      auto written = [turns = turns_, shared](const error_code& error, std::size_t n) {
        turns->busy = false;
        if (!turns->waiting.empty()) {
          const auto next = std::move(turns->waiting.front());
          turns->waiting.pop_front();
          next();
        }
        (*shared)(error, n);
      };
      if (tls_) {
        asio::async_write(*tls_, from, std::move(written));
      } else {
        asio::async_write(*socket_, from, std::move(written));
      }
    };
    if (turns_->busy) {
      turns_->waiting.push_back(std::move(write));
    } else {
      write();
    }
  }

  std::unique_ptr<TcpSocket> socket_;  // on the heap: the TLS layer refers to it when the Stream moves
  std::unique_ptr<Tls> tls_;
  std::string prefix_;
  std::shared_ptr<Turns> turns_;
};

/// Beast's customisation points, found by their names. The teardown does not wait for the peer's end of stream as
/// Beast's own does (a client that keeps its end open would hold up a drain): it reads away what has arrived, so that
/// closing does not reset the connection before the peer has read the close frame.
template <class Handler>
void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
  auto& socket = stream.socket();
  error_code error;
  socket.shutdown(TcpSocket::shutdown_send, error);
  socket.non_blocking(true, error);
  std::array<char, 4096> unread;
  for (int i = 0; i < 64 && !error; ++i) socket.read_some(asio::buffer(unread), error);
  asio::post(stream.get_executor(), [handler = std::forward<Handler>(handler)]() mutable { handler(error_code{}); });
}
inline void beast_close_socket(Stream& stream) {
  stream.close();
}

}  // namespace mesher::http
