#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "graph/base/result.hpp"

namespace mesher::postgres {

/// Counts distinct things by their 64-bit hashes: HyperLogLog with 2,048 registers (standard error 2.3 %, much less for
/// small numbers) and Ertl's estimator ("New cardinality estimation algorithms for HyperLogLog sketches", 2017,
/// algorithm 6). Adding the same hash again changes nothing, and order does not matter.
///
/// Stored form: 1 and a little-endian u16 per used register, ascending: register << 5 | rank; or, once that is longer,
/// 2 and all registers with 5 bits each, lowest first. A few users are a few bytes; the most is 1,281.
class HyperLogLog {
 public:
  static constexpr unsigned kPrecision = 11;
  static constexpr std::size_t kRegisters = std::size_t{1} << kPrecision;
  static constexpr unsigned kMaxRank = 31;

  HyperLogLog() = default;
  /// Error: corrupt.
  static Result<HyperLogLog> from_bytes(std::string_view bytes);
  [[nodiscard]] std::string to_bytes() const;

  /// True if a register has changed.
  bool add(std::uint64_t hash);
  /// True if add() would change a register.
  [[nodiscard]] bool would_change(std::uint64_t hash) const;
  void merge(const HyperLogLog& other);
  [[nodiscard]] std::uint64_t estimate() const;
  /// Heap memory in use.
  [[nodiscard]] std::size_t memory() const { return sparse_.capacity() * 2 + dense_.capacity(); }

 private:
  [[nodiscard]] unsigned rank_at(std::size_t index) const;
  bool raise(std::size_t index, unsigned rank);
  void make_dense();

  std::vector<std::uint16_t> sparse_;  // ascending; empty once dense_ is used
  std::vector<std::uint8_t> dense_;    // empty or kRegisters
};

}  // namespace mesher::postgres
