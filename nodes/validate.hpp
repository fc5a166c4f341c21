#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nodes/event.hpp"

/// What the door asks of one event before it promises to keep it. Runs on HTTP threads for every event: one pass over
/// the tokens, nothing is copied or decoded that needs not be. Thread-safe (scratch memory is per thread).
namespace mesher::nodes {

constexpr std::size_t kMaxEventBytes = 1024 * 1024;
constexpr std::size_t kMaxDepth = 64;  ///< nested objects and arrays

enum class Strictness : std::uint8_t {
  strict,   ///< native endpoints: a main field of the wrong type is an error that names it
  lenient,  ///< Sentry endpoints: such a field is ignored later; only broken JSON rejects. Bare NaN/Infinity become
            ///< null
};

/// Why an event is refused. `code` is one of a closed list: invalid_json, invalid_utf8, too_deep, too_large,
/// invalid_event (valid JSON, but not an event); it is what clients see and what outcomes have as reason.
struct ValidationError {
  std::string_view code;
  std::string message;  ///< a sentence without final period
  std::string field;    ///< path of the field at fault ("exception.value"), or empty
};

struct CheckedEvent {
  EventId id;             ///< the payload's event_id, or a random one
  bool had_id = false;    ///< the payload has a valid one
  std::string type;       ///< the payload's `type` ("transaction", "feedback", …); empty: none
  std::string rewritten;  ///< not empty: store this text instead (NaN and Infinity replaced by null)
};

/// One of the two; true if the event is good.
struct Validation {
  CheckedEvent event;
  std::optional<ValidationError> error;
  explicit operator bool() const { return !error.has_value(); }
};

/// `json` is the text of one event, UTF-8. No padding needed behind it.
[[nodiscard]] Validation validate_event(std::string_view json, Strictness strictness);

}  // namespace mesher::nodes
