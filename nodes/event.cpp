#include "nodes/event.hpp"

#include <sys/random.h>

#include <array>
#include <cstring>
#include <random>

#include "graph/base/assert.hpp"

namespace mesher::nodes {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

constexpr std::array<std::int8_t, 256> make_hex_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < 10; ++i) values['0' + i] = static_cast<std::int8_t>(i);
  for (std::size_t i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<std::int8_t>(10 + i);
  return values;
}
constexpr auto kHexValues = make_hex_values();

int hex_value(char c) {
  return kHexValues[static_cast<unsigned char>(c)];
}

/// Random bytes of the kernel, fetched for many ids at a time.
struct RandomPool {
  std::array<std::uint8_t, 256> bytes{};
  std::size_t used = sizeof(bytes);

  void take(std::uint8_t* to, std::size_t n) {
    if (used + n > bytes.size()) refill();
    std::memcpy(to, bytes.data() + used, n);
    used += n;
  }

  void refill() {
    std::size_t filled = 0;
    while (filled < bytes.size()) {
      const auto got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
      if (got > 0) {
        filled += static_cast<std::size_t>(got);
      } else {  // interrupted, or a kernel without the call
        std::random_device device;
        for (; filled < bytes.size(); ++filled) bytes[filled] = static_cast<std::uint8_t>(device());
      }
    }
    used = 0;
  }
};

}  // namespace

std::string EventId::hex() const {
  std::string text(32, '0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = kHexDigits[bytes[i] >> 4];
    text[2 * i + 1] = kHexDigits[bytes[i] & 15];
  }
  return text;
}

std::optional<EventId> EventId::parse(std::string_view text) {
  const bool dashed = text.size() == 36;
  if (!dashed && text.size() != 32) return std::nullopt;
  EventId id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (dashed && (at == 8 || at == 13 || at == 18 || at == 23)) {
      if (text[at++] != '-') return std::nullopt;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

EventId EventId::random() {
  thread_local RandomPool pool;
  EventId id;
  pool.take(id.bytes.data(), id.bytes.size());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);  // version 4
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);  // RFC 4122 variant
  return id;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::fatal:
      return "fatal";
  }
  return "error";
}

std::optional<Level> level_from(std::string_view name) {
  std::array<char, 9> buffer{};
  if (name.empty() || name.size() >= buffer.size()) return std::nullopt;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    buffer[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  const std::string_view lower(buffer.data(), name.size());
  if (lower == "error") return Level::error;
  if (lower == "warning" || lower == "warn") return Level::warning;
  if (lower == "info" || lower == "log") return Level::info;
  if (lower == "debug") return Level::debug;
  if (lower == "fatal" || lower == "critical") return Level::fatal;
  return std::nullopt;
}

std::string_view User::key() const {
  if (!id.empty()) return id;
  if (!email.empty()) return email;
  if (!username.empty()) return username;
  return ip_address;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  auto* memory = static_cast<char*>(resource_.allocate(text.size(), 1));
  std::memcpy(memory, text.data(), text.size());
  return {memory, text.size()};
}

std::string_view Arena::concat(std::span<const std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  if (size == 0) return {};
  auto* memory = static_cast<char*>(resource_.allocate(size, 1));
  std::size_t at = 0;
  for (const auto part : parts) {
    if (part.empty()) continue;
    std::memcpy(memory + at, part.data(), part.size());
    at += part.size();
  }
  return {memory, size};
}

std::size_t EventBatch::bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& event : events) sum += event.payload.size();
  return sum;
}

std::unique_ptr<graph::Content> EventBatch::copy() const {
  auto other = std::make_unique<EventBatch>();
  other->events = events;
  other->kept_ = kept_;
  other->kept_.push_back(arena_);
  return other;
}

std::unique_ptr<graph::Content> EventBatch::take(std::span<const std::uint32_t> indices) {
  auto taken = std::make_unique<EventBatch>();
  taken->kept_ = kept_;
  taken->kept_.push_back(arena_);
  taken->events.reserve(indices.size());
  std::size_t kept = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (next < indices.size() && indices[next] == i) {
      taken->events.push_back(events[i]);
      ++next;
    } else {
      if (kept != i) events[kept] = events[i];
      ++kept;
    }
  }
  MESHER_ASSERT(next == indices.size());  // ascending, in range
  events.resize(kept);
  return taken;
}

}  // namespace mesher::nodes
