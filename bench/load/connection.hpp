#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/options.hpp"
#include "graph/base/result.hpp"

namespace mesher::bench {

/// Nanoseconds of the monotonic clock.
[[nodiscard]] std::int64_t now_ns();

/// Resolves host and port to an IPv4 address. Error: not_found.
[[nodiscard]] Result<sockaddr_in> resolve(const Target& target);

/// A non-blocking TCP connection in an epoll set. Closes itself; after a failure it may be opened again.
/// Not thread-safe.
class Connection {
 public:
  enum class State : std::uint8_t { closed, connecting, open };
  enum class Io : std::uint8_t { more, blocked, failed };

  /// `tag` comes back with epoll's events.
  Connection(int epoll, std::uint32_t tag) : epoll_(epoll), tag_(tag) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect. False: failed at once.
  [[nodiscard]] bool open(const sockaddr_in& address);
  /// After epoll reported a connecting socket: true if it is open now.
  [[nodiscard]] bool finish_open();
  void close();

  [[nodiscard]] State state() const { return state_; }

  /// Where the next request is appended, when nothing is waiting to be written. flush() sends it.
  [[nodiscard]] std::string& out() { return out_; }
  [[nodiscard]] bool writing() const { return written_ < out_.size(); }
  /// True once a byte of what is in out() went to the peer.
  [[nodiscard]] bool began() const { return written_ > 0; }
  /// Writes what it can; asks epoll for more when the socket is full. False: the connection failed.
  [[nodiscard]] bool flush();

  /// Reads once into `buffer`; `got` is what came. `blocked`: nothing there now.
  [[nodiscard]] Io receive(std::string& buffer, std::string_view& got);

 private:
  void watch(std::uint32_t events, bool add);

  int epoll_, fd_ = -1;
  std::uint32_t tag_;
  State state_ = State::closed;
  bool wants_write_ = false;
  std::string out_;
  std::size_t written_ = 0;
};

}  // namespace mesher::bench
