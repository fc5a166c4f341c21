#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "graph/base/result.hpp"

/// As much of HTTP/1.1 and WebSocket as a client needs that knows its server: pure functions over bytes.
namespace mesher::bench {

/// An answer's status and extent.
struct Answer {
  int status = 0;
  std::size_t head = 0;  ///< bytes up to and with the empty line
  std::size_t body = 0;  ///< bytes behind it
  bool closes = false;   ///< the server closes the connection after it
};

/// The answer at the beginning of `bytes`; nothing while its head is incomplete. Error invalid: no HTTP, or a body
/// without Content-Length (chunked bodies are not read here).
[[nodiscard]] Result<std::optional<Answer>> read_answer(std::string_view bytes);

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Appends a client's frame, final and masked (with key 0, which leaves the payload as it is and costs nothing).
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

/// Takes a server's bytes and gives back whole messages; joins fragments.
class FrameReader {
 public:
  struct Message {
    Opcode opcode = Opcode::text;
    std::string_view payload;  ///< valid until the next call
  };
  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// Nothing: more bytes are needed.
  [[nodiscard]] std::optional<Message> next();
  void reset();

 private:
  std::string buffer_, whole_, joined_;
  std::size_t read_ = 0;
  Opcode opcode_ = Opcode::text;
};

/// The request that opens a WebSocket.
[[nodiscard]] std::string upgrade_request(std::string_view host, std::string_view path, std::string_view more_headers);

}  // namespace mesher::bench
