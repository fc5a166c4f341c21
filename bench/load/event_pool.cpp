#include "bench/load/event_pool.hpp"

#include <fmt/format.h>

#include <ctime>
#include <random>

namespace mesher::bench {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void write_hex(std::uint64_t value, char* out, std::size_t digits) {
  for (std::size_t i = 0; i < digits; ++i, value <<= 4) out[i] = kHexDigits[value >> 60];
}

void write_decimal(std::uint64_t value, char* out, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

std::optional<std::uint64_t> read_hex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  return value;
}

std::uint64_t from_system() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

constexpr std::uint32_t kUsers = 50'000;  // distinct ones among the events

}  // namespace

EventIds::EventIds() : EventIds(from_system(), from_system()) {}

void EventIds::write(std::uint64_t number, char* out) const {
  const auto high = mix64(number + key_);
  write_hex(high, out, 16);
  write_hex(mix64(high ^ check_), out + 16, 16);
}

std::optional<std::uint64_t> EventIds::number(std::string_view id) const {
  if (id.size() != kLength) return std::nullopt;
  const auto high = read_hex(id.substr(0, 16)), low = read_hex(id.substr(16));
  if (!high || !low || *low != mix64(*high ^ check_)) return std::nullopt;
  return unmix64(*high) - key_;
}

std::string rfc3339(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1000);
}

EventPool::EventPool(EventMaker& maker, std::size_t size, std::uint64_t seed) : random_(seed) {
  bodies_.reserve(size);
  for (std::size_t i = 0; i < size; ++i) bodies_.push_back(maker.make());
}

void EventPool::append(std::string& out, const EventIds& ids, std::uint64_t number, std::int64_t now_ms) {
  const auto& body = bodies_[next_];
  next_ = next_ + 1 == bodies_.size() ? 0 : next_ + 1;
  if (now_ms != time_ms_) time_ = rfc3339(time_ms_ = now_ms);
  const auto start = out.size();
  out += body.json;
  fill(out.data() + start, body, ids, number);
}

void EventPool::fill(char* body, const EventBody& event, const EventIds& ids, std::uint64_t number) {
  const auto user = random_.below(kUsers);
  for (const auto& slot : event.slots) {
    char* const at = body + slot.offset;
    switch (slot.kind) {
      case Slot::Kind::event_id:
        ids.write(number, at);
        break;
      case Slot::Kind::time:
        time_.copy(at, time_.size());
        break;
      case Slot::Kind::hex:
        for (std::size_t done = 0; done < slot.length; done += 16)
          write_hex(random_.next(), at + done, std::min<std::size_t>(16, slot.length - done));
        break;
      case Slot::Kind::number:
        write_decimal(random_.next(), at, slot.length);
        break;
      case Slot::Kind::user:
        write_decimal(user, at, slot.length);
        break;
    }
  }
}

double EventPool::mean_bytes() const {
  double bytes = 0;
  for (const auto& body : bodies_) bytes += static_cast<double>(body.json.size());
  return bytes / static_cast<double>(bodies_.size());
}

}  // namespace mesher::bench
