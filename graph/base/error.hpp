#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mesher {

/// What kind of failure an Error is: a closed list, used as metric label and to decide what to do next.
enum class ErrorCode : std::uint8_t {
  invalid,      ///< the input is wrong; trying again with the same input fails again
  not_found,    ///< what was asked for does not exist
  denied,       ///< the caller may not do that
  conflict,     ///< somebody else changed it, or it exists already
  too_large,    ///< over a documented limit
  exhausted,    ///< a bound of ours is reached (journal quota, credits, connections): back off and retry
  unavailable,  ///< something outside is away (database, peer, disk): retry with back-off
  corrupt,      ///< stored bytes are not what was written
  internal,     ///< a defect of Mesher
};

/// `snake_case` name of a code, for metrics, logs and API answers.
std::string_view name_of(ErrorCode code);

/// An expected failure. `message` says what is wrong in a sentence without final period; `hint`, if any, what to do.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string hint;

  /// True if the same call may succeed later without anything of the caller's being changed.
  [[nodiscard]] bool worth_retry() const { return code == ErrorCode::unavailable || code == ErrorCode::exhausted; }
};

}  // namespace mesher
