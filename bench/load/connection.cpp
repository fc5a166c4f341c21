#include "bench/load/connection.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace mesher::bench {

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

Result<sockaddr_in> resolve(const Target& target) {
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  if (const int wrong = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found); wrong != 0)
    return Error{ErrorCode::not_found, fmt::format("{}:{}: {}", target.host, target.port, gai_strerror(wrong)), ""};
  sockaddr_in address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  freeaddrinfo(found);
  return address;
}

bool Connection::open(const sockaddr_in& address) {
  close();
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    close();
    return false;
  }
  state_ = State::connecting;
  wants_write_ = true;
  watch(EPOLLIN | EPOLLOUT, true);
  return true;
}

bool Connection::finish_open() {
  int wrong = 0;
  socklen_t size = sizeof wrong;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &wrong, &size) != 0 || wrong != 0) {
    close();
    return false;
  }
  state_ = State::open;
  wants_write_ = false;
  watch(EPOLLIN, false);
  return true;
}

void Connection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
  out_.clear();
  written_ = 0;
}

void Connection::watch(std::uint32_t events, bool add) {
  epoll_event event{};
  event.events = events;
  event.data.u32 = tag_;
  epoll_ctl(epoll_, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd_, &event);
}

bool Connection::flush() {
  while (writing()) {
    const auto n = send(fd_, out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (n > 0) {
      written_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == EINTR) {
      if (!wants_write_) watch(EPOLLIN | EPOLLOUT, false);
      wants_write_ = true;
      return true;
    } else {
      return false;
    }
  }
  out_.clear();
  written_ = 0;
  if (wants_write_) watch(EPOLLIN, false);
  wants_write_ = false;
  return true;
}

Connection::Io Connection::receive(std::string& buffer, std::string_view& got) {
  const auto n = recv(fd_, buffer.data(), buffer.size(), 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR ? Io::blocked : Io::failed;
  if (n == 0) return Io::failed;
  got = std::string_view(buffer).substr(0, static_cast<std::size_t>(n));
  return Io::more;
}

}  // namespace mesher::bench
