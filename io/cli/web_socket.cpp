#include "io/cli/web_socket.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace mesher::cli {
namespace {

constexpr std::size_t kMostMessage = 16 * 1024 * 1024;
constexpr std::chrono::milliseconds kPatience{10'000};

enum Opcode : std::uint8_t { kContinuation = 0, kText = 1, kClose = 8, kPing = 9, kPong = 10 };

struct Frame {
  bool last = true;
  std::uint8_t opcode = 0;
  std::string payload;
};

Error refusal(std::string_view answer) {
  const auto status = answer.size() > 12 ? std::string(answer.substr(9, 3)) : std::string("nothing");
  const auto at = answer.find("\r\n\r\n");
  const auto json = nlohmann::json::parse(at == std::string_view::npos ? "" : answer.substr(at + 4), nullptr, false);
  const bool told = json.is_object() && json.contains("error") && json["error"].is_object();
  const auto message = told ? json["error"].value("message", "") : std::string();
  const auto code = status == "404"                      ? ErrorCode::not_found
                    : status == "401" || status == "403" ? ErrorCode::denied
                                                         : ErrorCode::invalid;
  return {code, fmt::format("the server answers {}{}{}", status, message.empty() ? "" : ": ", message), ""};
}

}  // namespace

struct WebSocket::Impl {
  CURL* curl = curl_easy_init();
  std::string in;
  std::string message;  // of the frames so far

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { curl_easy_cleanup(curl); }

  Status send(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t sent = 0;
      const auto code = curl_easy_send(curl, bytes.data(), bytes.size(), &sent);
      if (code == CURLE_AGAIN) {
        wait(POLLOUT, kPatience);
      } else if (code != CURLE_OK) {
        return Error{ErrorCode::unavailable, curl_easy_strerror(code), ""};
      }
      bytes.remove_prefix(sent);
    }
    return {};
  }

  /// True if there is something.
  bool wait(short events, std::chrono::milliseconds patience) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &socket);
    pollfd one{socket, events, 0};
    return ::poll(&one, 1, static_cast<int>(patience.count())) > 0;
  }

  /// Reads what is there; false if nothing came in time.
  Result<bool> fill(std::chrono::milliseconds patience) {
    std::array<char, 16 * 1024> piece;
    for (int tries = 0; tries < 2; ++tries) {
      std::size_t got = 0;
      const auto code = curl_easy_recv(curl, piece.data(), piece.size(), &got);
      if (code == CURLE_OK && got > 0) {
        in.append(piece.data(), got);
        return true;
      }
      if (code != CURLE_AGAIN) return Error{ErrorCode::unavailable, "the connection has ended", ""};
      if (!wait(POLLIN, patience)) return false;
    }
    return false;
  }

  std::optional<Frame> take_frame() {
    if (in.size() < 2) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(in[i]); };
    std::size_t head = 2;
    std::uint64_t size = byte(1) & 0x7FU;
    if (size >= 126) {
      const std::size_t digits = size == 126 ? 2 : 8;
      if (in.size() < 2 + digits) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < digits; ++i) size = size << 8U | byte(2 + i);
      head += digits;
    }
    if (in.size() < head + size) return std::nullopt;
    Frame frame{(byte(0) & 0x80U) != 0, static_cast<std::uint8_t>(byte(0) & 0x0FU), in.substr(head, size)};
    in.erase(0, head + size);
    return frame;
  }

  Status pong(const std::string& payload) {
    // A mask of zeros is a mask.
    std::string frame{
        static_cast<char>(0x80U | kPong), static_cast<char>(0x80U | (payload.size() & 0x7FU)), 0, 0, 0, 0};
    return send(frame + payload);
  }
};

WebSocket::WebSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebSocket::~WebSocket() = default;

Result<std::unique_ptr<WebSocket>> WebSocket::open(const std::string& url, const std::string& token) {
  auto impl = std::make_unique<Impl>();
  const auto begin = url.find("://") + 3;
  const auto slash = std::min(url.find('/', begin), url.size());
  curl_easy_setopt(impl->curl, CURLOPT_URL, url.substr(0, slash).c_str());
  curl_easy_setopt(impl->curl, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(impl->curl, CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(impl->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(impl->curl, CURLOPT_PROXY, "");
  if (const auto code = curl_easy_perform(impl->curl); code != CURLE_OK) {
    return Error{ErrorCode::unavailable, fmt::format("{}: {}", url.substr(0, slash), curl_easy_strerror(code)), ""};
  }
  const auto sent = impl->send(fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: bWVzaGVyIGNvbW1hbmQhIQ==\r\nAuthorization: Bearer {}\r\n\r\n",
      url.substr(slash), url.substr(begin, slash - begin), token));
  if (!sent) return sent.error();
  std::size_t end = std::string::npos;
  while ((end = impl->in.find("\r\n\r\n")) == std::string::npos) {
    const auto more = impl->fill(kPatience);
    if (!more) return more.error();
    if (!*more || impl->in.size() > 64 * 1024) return Error{ErrorCode::unavailable, "no answer to the upgrade", ""};
  }
  if (!impl->in.starts_with("HTTP/1.1 101")) {
    (void)impl->fill(std::chrono::milliseconds(200));  // the rest of the body, if it comes apart
    return refusal(impl->in);
  }
  impl->in.erase(0, end + 4);
  return std::unique_ptr<WebSocket>(new WebSocket(std::move(impl)));
}

Result<std::string> WebSocket::receive(std::chrono::milliseconds patience) {
  while (true) {
    auto frame = impl_->take_frame();
    if (!frame) {
      if (impl_->in.size() > kMostMessage) return Error{ErrorCode::unavailable, "a message is too large", ""};
      const auto more = impl_->fill(patience);
      if (!more) return more.error();
      if (!*more) return std::string();
      continue;
    }
    if (frame->opcode == kPing) {
      if (auto status = impl_->pong(frame->payload); !status) return status.error();
    } else if (frame->opcode == kClose) {
      const auto reason = frame->payload.size() > 2 ? frame->payload.substr(2) : std::string("no reason given");
      return Error{ErrorCode::unavailable, "the server has closed: " + reason, ""};
    } else if (frame->opcode == kText || frame->opcode == kContinuation) {
      impl_->message += frame->payload;
      if (frame->last) return std::exchange(impl_->message, {});
    }
  }
}

}  // namespace mesher::cli
