#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/event_maker.hpp"

namespace mesher::bench {

/// Event ids that look random, are never the same twice (whatever the process), and still tell which number the event
/// had: so that the time of sending is found by a look into an array. High half: a bijection of the number under a
/// random key; low half: a hash of the high half under another key, by which foreign ids are recognised.
class EventIds {
 public:
  static constexpr std::size_t kLength = 32;  ///< hex digits

  /// Keys from the system's random source.
  EventIds();
  EventIds(std::uint64_t key, std::uint64_t check) : key_(key), check_(check) {}

  /// Writes the id of the event of this number: 32 lower-case hex digits.
  void write(std::uint64_t number, char* out) const;
  /// The number of an id of ours; nothing for any other text.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view id) const;

 private:
  std::uint64_t key_, check_;
};

/// RFC 3339 in UTC with milliseconds: 24 characters.
[[nodiscard]] std::string rfc3339(std::int64_t unix_ms);

/// Bodies made once and sent again and again with fresh values in their slots: about 0.3 µs per event.
/// Not thread-safe.
class EventPool {
 public:
  EventPool(EventMaker& maker, std::size_t size, std::uint64_t seed);

  /// Appends the next event with the id of `number` and the time `now_ms` (milliseconds since the epoch).
  void append(std::string& out, const EventIds& ids, std::uint64_t number, std::int64_t now_ms);

  [[nodiscard]] double mean_bytes() const;

 private:
  void fill(char* body, const EventBody& event, const EventIds& ids, std::uint64_t number);

  std::vector<EventBody> bodies_;
  std::size_t next_ = 0;
  Random random_;
  std::int64_t time_ms_ = -1;
  std::string time_;  ///< text of time_ms_
};

}  // namespace mesher::bench
