#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/clock.hpp"

namespace mesher::postgres {

/// What a statement answered. Cheap to copy (the answer is shared and immutable); views live as long as one copy does.
/// Row and column count from 0; asking beyond them is a programmer error. A null cell reads as empty text, 0 or false.
class Rows {
 public:
  Rows() = default;
  explicit Rows(std::shared_ptr<const void> result) : result_(std::move(result)) {}

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// Rows that an insert, update, delete or select touched.
  [[nodiscard]] std::uint64_t affected() const;

  [[nodiscard]] bool is_null(std::size_t row, int column) const;
  [[nodiscard]] std::string_view text(std::size_t row, int column) const;
  [[nodiscard]] std::int64_t integer(std::size_t row, int column) const;
  [[nodiscard]] double real(std::size_t row, int column) const;
  [[nodiscard]] bool boolean(std::size_t row, int column) const;
  /// A timestamptz. Sessions are in UTC with ISO dates.
  [[nodiscard]] UnixMicros time(std::size_t row, int column) const;
  /// A bytea.
  [[nodiscard]] std::string bytes(std::size_t row, int column) const;
  /// A one-dimensional array of text, integers or bytea (bytea elements stay in hex form). Null elements read as "".
  [[nodiscard]] std::vector<std::string> array(std::size_t row, int column) const;

 private:
  std::shared_ptr<const void> result_;  // PGresult
};

/// "2026-11-21 07:41:39.123456+00", what PostgreSQL reads and, without trailing zeros, prints.
[[nodiscard]] std::string timestamp_text(UnixMicros time);
/// 0 if `text` is not of that form.
[[nodiscard]] UnixMicros timestamp_from(std::string_view text);
/// Day as PostgreSQL prints a date, "2026-11-21".
[[nodiscard]] std::string date_text(std::int64_t days_since_epoch);
/// Undoes "\x0aff". Empty if it is not hex.
[[nodiscard]] std::string bytes_from_hex(std::string_view text);

}  // namespace mesher::postgres
