#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nodes/event.hpp"

namespace mesher::postgres {

constexpr UnixMicros kHour = 3'600'000'000;
constexpr UnixMicros kDay = 24 * kHour;

/// Where an event goes: its partition (days since 1970) and its payload's block.
struct EventPlace {
  std::int64_t day = 0;
  std::int64_t block_id = 0;
  std::uint32_t block_index = 0;
};

/// What tells the hashes of one issue apart in table events: the first four bytes, big-endian.
[[nodiscard]] std::int32_t hash_key(const nodes::Fingerprint& hash);

/// The statement for which encode_event_rows() makes the input.
extern const char* const kCopyEvents;

/// Rows for kCopyEvents in PostgreSQL's binary COPY format, which needs no escaping here and no parsing there. `places`
/// is parallel to `events`. Text is cleaned, so that no event is refused for its bytes.
void encode_event_rows(std::span<nodes::Event* const> events, std::span<const EventPlace> places, std::string& out);

/// What events.message holds of an event: the first 200 characters of its message, or else of its title.
[[nodiscard]] std::string_view stored_message(const nodes::Event& event);

}  // namespace mesher::postgres
