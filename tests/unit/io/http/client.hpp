#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A small blocking client on plain sockets, which can also misbehave.
namespace mesher::http::testing {

struct Answer {
  int status = 0;  ///< 0: the connection ended or timed out before an answer
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  [[nodiscard]] std::string header(std::string_view lower_case_name) const {
    for (const auto& [name, value] : headers) {
      if (name == lower_case_name) return value;
    }
    return {};
  }
};

class Client {
 public:
  static constexpr std::chrono::milliseconds kPatience{10'000};

  explicit Client(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) std::abort();
  }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), in_(std::move(other.in_)) {}
  Client& operator=(Client&&) = delete;
  ~Client() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }
  [[nodiscard]] int fd() const { return fd_; }

  /// False if the peer has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Reads more into the buffer. False at the end of the stream, an error or when patience is over.
  bool fill(std::chrono::milliseconds patience = kPatience) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
    char piece[16 * 1024];
    const auto n = ::recv(fd_, piece, sizeof piece, 0);
    if (n <= 0) return false;
    in_.append(piece, static_cast<std::size_t>(n));
    return true;
  }
  /// True if the peer closes (or resets) without sending anything more.
  bool closed_by_peer(std::chrono::milliseconds patience = kPatience) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
    char byte = 0;
    return ::recv(fd_, &byte, 1, 0) <= 0;
  }

  /// The next answer; `head_only` for answers to HEAD.
  Answer receive(bool head_only = false, std::chrono::milliseconds patience = kPatience) {
    std::size_t end = 0;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill(patience)) return {};
    }
    Answer answer;
    const std::string head = in_.substr(0, end + 2);
    in_.erase(0, end + 4);
    answer.status = std::atoi(head.c_str() + 9);
    for (auto at = head.find("\r\n") + 2; at < head.size();) {
      const auto stop = head.find("\r\n", at);
      const auto colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
      answer.headers.emplace_back(name, head.substr(colon + 2, stop - colon - 2));
      at = stop + 2;
    }
    if (head_only || answer.status == 101 || answer.status == 100) return answer;
    const auto length = static_cast<std::size_t>(std::atoll(answer.header("content-length").c_str()));
    while (in_.size() < length) {
      if (!fill(patience)) return {};
    }
    answer.body = in_.substr(0, length);
    in_.erase(0, length);
    return answer;
  }

  Answer request(std::string_view method, std::string_view target, std::string_view body = {},
                 std::string_view more_headers = {}) {
    std::string out;
    out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(more_headers);
    if (!body.empty() || method == "POST") out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    out.append("\r\n").append(body);
    send(out);
    return receive(method == "HEAD");
  }

  // WebSocket, client side.

  /// The status of the upgrade: 101 if it went well.
  int upgrade(std::string_view target, std::string_view more_headers = {}) {
    std::string out;
    out.append("GET ").append(target).append(
        " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    out.append("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").append(more_headers);
    send(out + "\r\n");
    return receive().status;
  }

  static std::string frame(std::string_view payload, int opcode = 1, bool final = true) {
    std::string out;
    out += static_cast<char>((final ? 0x80 : 0) | opcode);
    if (payload.size() < 126) {
      out += static_cast<char>(0x80 | payload.size());
    } else if (payload.size() < 65536) {
      out += static_cast<char>(0x80 | 126);
      for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xFF);
    } else {
      out += static_cast<char>(0x80 | 127);
      for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xFF);
    }
    constexpr char kMask[] = {0x11, 0x22, 0x33, 0x44};
    out.append(kMask, 4);
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kMask[i % 4]);
    return out;
  }
  bool send_text(std::string_view text) { return send(frame(text)); }

  struct Frame {
    int opcode = -1;  ///< -1: the connection ended
    std::string payload;
    [[nodiscard]] int close_code() const {
      if (opcode != 8 || payload.size() < 2) return 0;
      return static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]);
    }
  };
  Frame receive_frame(std::chrono::milliseconds patience = kPatience) {
    const auto need = [&](std::size_t n) {
      while (in_.size() < n) {
        if (!fill(patience)) return false;
      }
      return true;
    };
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(in_[i]); };
    if (!need(2)) return {};
    std::size_t head = 2, length = byte(1) & 0x7F;
    if (length == 126) {
      if (!need(head = 4)) return {};
      length = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
    } else if (length == 127) {
      if (!need(head = 10)) return {};
      length = 0;
      for (std::size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
    }
    if (!need(head + length)) return {};
    Frame frame{byte(0) & 0x0F, in_.substr(head, length)};
    in_.erase(0, head + length);
    return frame;
  }
  /// The next text frame, answering pings on the way; nothing if the connection ends.
  std::optional<std::string> receive_text(std::chrono::milliseconds patience = kPatience) {
    for (;;) {
      auto got = receive_frame(patience);
      if (got.opcode == 1) return got.payload;
      if (got.opcode == 9) {
        send(frame(got.payload, 10));
        continue;
      }
      return std::nullopt;
    }
  }

 private:
  int fd_;
  std::string in_;
};

}  // namespace mesher::http::testing
