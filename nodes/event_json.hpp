#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "nodes/event.hpp"
#include "nodes/json_document.hpp"
#include "nodes/record.hpp"

/// From a payload to an Event: the Sentry event payload with all the forms in which clients write it, and the shorter
/// forms of our own endpoints. A field of a wrong type is left out, never a reason to refuse: the door has judged the
/// whole. What was cut, shifted or left out is noted in Event::trimmed.
namespace mesher::nodes {

/// Limits in characters. Longer texts are cut to the limit, the last three being "...".
struct EventLimits {
  static constexpr std::size_t message = 8192, type = 256, module = 512, name = 256, path = 512, context_line = 1024;
  static constexpr std::size_t transaction = 200, release = 250, environment = 64, dist = 64, logger = 64, tag = 200;
  static constexpr std::size_t server_name = 200, email = 75, username = 128, user_id = 128, url = 2048,
                               user_agent = 1024;
  static constexpr std::size_t checksum = 128, fingerprint = 1024;
  static constexpr std::size_t frames = 250,
                               oldest_frames = 50;  ///< of more, the oldest 50 and the newest 200 are kept
  static constexpr std::size_t tags = 200, fingerprints = 32, exceptions = 100, threads = 256;
  static constexpr std::int64_t past_micros = 30LL * 24 * 3600 * 1'000'000, future_micros = 60LL * 1'000'000;
};

/// What the parts of the reader share while they read one event.
struct ReadContext {
  Arena& arena;
  std::vector<Trimmed>& trimmed;

  void note(std::string_view field, std::string_view reason, std::uint64_t original = 0) {
    trimmed.push_back({field, reason, original});
  }
  /// The text if it is not longer than `limit` characters, else cut and noted under `field` (a literal, or arena
  /// memory).
  [[nodiscard]] std::string_view clip(std::string_view field, std::string_view text, std::size_t limit);
  /// A string, clipped; nothing (noted, unless null) if it is something else.
  [[nodiscard]] std::string_view text(std::string_view field, Json value, std::size_t limit);
  /// Also numbers and booleans ("True", "False"), not clipped.
  [[nodiscard]] std::string_view lenient(Json value) const;
};

/// Reads events one after another, keeping scratch memory. Not thread-safe; one per thread.
class EventReader {
 public:
  /// The event of a record of kind `event`. Views point into the record's memory and the arena. Throws
  /// std::invalid_argument if the body is no JSON object, which the door does not let in.
  [[nodiscard]] Event read(const Record& record, Arena& arena);

  /// Reads the fields of `event` again from another text of it (scrubbed), keeping what did not come from the payload.
  /// `payload` must live as long as the arena.
  void reread(Event& event, std::string_view payload, Arena& arena);

 private:
  struct Parts;

  void read_payload(Event& event, const Record& record, ReadContext& context);
  void assign(Event& event, const Parts& parts, ReadContext& context);
  void read_tags(Event& event, const Parts& parts, ReadContext& context);
  void add_tag(std::string_view key, std::string_view value, ReadContext& context);

  JsonDocument document_;
  std::vector<Trimmed> trimmed_;
  std::vector<Tag> tags_;
};

}  // namespace mesher::nodes
