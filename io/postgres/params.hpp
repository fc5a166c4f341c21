#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"

namespace mesher::postgres {

/// Values for $1, $2, … of a statement, copied when they are added. Text is cleaned (clean_text.hpp), so that no value
/// is refused for its bytes. Types are the statement's business: write $1::timestamptz where it is not obvious.
class Params {
 public:
  Params& null();
  Params& text(std::string_view value);
  /// Null if `value` is empty.
  Params& text_or_null(std::string_view value);
  Params& integer(std::int64_t value);
  Params& real(double value);
  Params& boolean(bool value);
  Params& time(UnixMicros value);
  /// A bytea. Sent as it is, not as hex.
  Params& bytes(std::string_view value);
  /// Arrays, for `= any($1)` and unnest($1::bigint[], $2::text[]).
  Params& integers(std::span<const std::int64_t> values);
  Params& texts(std::span<const std::string_view> values);
  Params& texts(std::span<const std::string> values);
  Params& times(std::span<const UnixMicros> values);
  Params& bytes_array(std::span<const std::string_view> values);

  [[nodiscard]] int size() const { return static_cast<int>(slots_.size()); }

 private:
  friend class Connection;
  struct Slot {
    std::size_t begin = 0;
    int length = 0;
    bool binary = false, null = false;
  };
  void begin();
  void end(bool binary = false);

  std::string data_;
  std::vector<Slot> slots_;
};

}  // namespace mesher::postgres
