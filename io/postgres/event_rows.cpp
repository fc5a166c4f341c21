#include "io/postgres/event_rows.hpp"

#include <bit>
#include <cstring>
#include <string_view>

#include "graph/base/assert.hpp"
#include "io/postgres/clean_text.hpp"
#include "io/postgres/tag_text.hpp"

namespace mesher::postgres {

const char* const kCopyEvents =
    "copy events (project_id, day, event_id, issue_id, received_at, occurred_at, block_id, block_index, level, "
    "message, "
    "environment, release, user_key, tags, hash_key) from stdin (format binary)";

namespace {

constexpr std::int16_t kColumns = 15;
constexpr std::size_t kMessageCharacters = 200;
constexpr std::size_t kFieldCharacters = 250;
constexpr std::int64_t kDaysTo2000 = 10'957;  // PostgreSQL counts from 2000-01-01
constexpr std::int64_t kMicrosTo2000 = kDaysTo2000 * kDay;

template <class T>
void append_raw(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  out.append(bytes, sizeof(T));
}

template <class T>
void append_field(std::string& out, T value) {
  append_raw(out, static_cast<std::int32_t>(sizeof(T)));
  append_raw(out, value);
}

/// Leaves room for a field's length and fills it in when the field is complete.
class Field {
 public:
  explicit Field(std::string& out) : out_(out), at_(out.size()) { out.append(4, '\0'); }
  ~Field() {
    const auto length = static_cast<std::uint32_t>(out_.size() - at_ - 4);
    for (std::size_t i = 0; i < 4; ++i) out_[at_ + i] = static_cast<char>(length >> (8 * (3 - i)));
  }
  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

 private:
  std::string& out_;
  std::size_t at_;
};

void append_text(std::string& out, std::string_view text, std::size_t characters) {
  const Field field(out);
  append_clean(out, first_characters(text, characters));
}

void append_optional(std::string& out, std::string_view text) {
  if (text.empty()) {
    append_raw(out, std::int32_t{-1});
  } else {
    append_text(out, text, kFieldCharacters);
  }
}

void append_tags(std::string& out, std::span<const nodes::Tag> tags) {
  if (tags.empty()) {
    append_raw(out, std::int32_t{-1});
    return;
  }
  const Field field(out);
  append_tag_text(out, tags);
}

void append_row(std::string& out, const nodes::Event& event, const EventPlace& place) {
  append_raw(out, kColumns);
  append_field(out, static_cast<std::int32_t>(event.project_id));
  append_field(out, static_cast<std::int32_t>(place.day - kDaysTo2000));
  append_raw(out, std::int32_t{16});
  out.append(reinterpret_cast<const char*>(event.id.bytes.data()), event.id.bytes.size());
  append_field(out, event.issue_id);
  append_field(out, std::int64_t{event.received - kMicrosTo2000});
  append_field(out, std::int64_t{event.timestamp - kMicrosTo2000});
  append_field(out, place.block_id);
  append_field(out, static_cast<std::int32_t>(place.block_index));
  append_field(out, static_cast<std::int16_t>(event.level));
  append_text(out, stored_message(event), kMessageCharacters);
  append_optional(out, event.environment);
  append_optional(out, event.release);
  append_optional(out, event.user.key());
  append_tags(out, event.tags);
  if (event.hashes.empty()) {
    append_raw(out, std::int32_t{-1});
  } else {
    append_field(out, hash_key(event.hashes.front()));
  }
}

}  // namespace

std::int32_t hash_key(const nodes::Fingerprint& hash) {
  std::uint32_t key = 0;
  for (std::size_t i = 0; i < 4; ++i) key = key << 8 | hash[i];
  return static_cast<std::int32_t>(key);
}

std::string_view stored_message(const nodes::Event& event) {
  return first_characters(event.message.empty() ? event.title : event.message, kMessageCharacters);
}

void encode_event_rows(std::span<nodes::Event* const> events, std::span<const EventPlace> places, std::string& out) {
  MESHER_ASSERT(events.size() == places.size());
  out.assign("PGCOPY\n\377\r\n\0", 11);
  append_raw(out, std::int32_t{0});  // flags
  append_raw(out, std::int32_t{0});  // length of the header's extension
  for (std::size_t i = 0; i < events.size(); ++i) append_row(out, *events[i], places[i]);
  append_raw(out, std::int16_t{-1});
}

}  // namespace mesher::postgres
