#include "bench/load/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace mesher::bench {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

Error no_http(std::string_view why) {
  return {ErrorCode::invalid, fmt::format("can't read the answer: {}", why), ""};
}

}  // namespace

Result<std::optional<Answer>> read_answer(std::string_view bytes) {
  if (!bytes.starts_with(std::string_view("HTTP/1.").substr(0, bytes.size()))) return no_http("no HTTP/1");
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::optional<Answer>();
  Answer answer{.head = end + 4};
  const auto head = bytes.substr(0, end);
  if (head.size() < 12 || std::from_chars(&head[9], &head[12], answer.status).ec != std::errc())
    return no_http("no status");
  bool sized = answer.status == 204 || answer.status / 100 == 1;
  for (auto at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    const auto colon = std::min(line.find(':'), line.size() - 1);
    const auto name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (same_name(name, "content-length"))
      sized = std::from_chars(value.data(), value.data() + value.size(), answer.body).ec == std::errc();
    else if (same_name(name, "connection"))
      answer.closes = same_name(value, "close");
  }
  if (!sized) return no_http("a body without Content-Length");
  return std::optional(answer);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  const auto size = payload.size();
  out += static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  const int width = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(0x80 | (width == 0 ? size : width == 2 ? 126U : 127U));
  for (int byte = width - 1; byte >= 0; --byte) out += static_cast<char>(size >> (8 * byte));
  out.append(4, '\0');
  out += payload;
}

std::optional<FrameReader::Message> FrameReader::next() {
  while (true) {
    const auto bytes = std::string_view(buffer_).substr(read_);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    if (bytes.size() < 2) break;
    std::uint64_t size = byte(1) & 0x7F;
    const std::size_t width = size == 126 ? 2 : size == 127 ? 8 : 0;
    if (bytes.size() < 2 + width) break;
    if (width > 0) size = 0;
    for (std::size_t i = 0; i < width; ++i) size = size << 8 | byte(2 + i);
    if (bytes.size() < 2 + width + size) break;
    const bool final = (byte(0) & 0x80) != 0;
    const auto opcode = static_cast<Opcode>(byte(0) & 0x0F);
    const auto payload = bytes.substr(2 + width, size);
    read_ += 2 + width + size;
    if (opcode >= Opcode::close || (final && opcode != Opcode::continuation)) return Message{opcode, payload};
    if (opcode != Opcode::continuation) opcode_ = opcode, whole_.clear();
    whole_ += payload;
    if (!final) continue;
    joined_.swap(whole_);
    return Message{opcode_, joined_};
  }
  buffer_.erase(0, read_);
  read_ = 0;
  return std::nullopt;
}

void FrameReader::reset() {
  buffer_.clear();
  whole_.clear();
  read_ = 0;
}

std::string upgrade_request(std::string_view host, std::string_view path, std::string_view more_headers) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: bWVzaGVyLWxvYWQgY2xpIQ==\r\n{}\r\n",
      path, host, more_headers);
}

}  // namespace mesher::bench
