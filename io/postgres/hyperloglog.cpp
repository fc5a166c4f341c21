#include "io/postgres/hyperloglog.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace mesher::postgres {
namespace {

constexpr std::size_t kMostSparse = 640;  // 2 bytes each: as long as the dense form
constexpr std::size_t kDenseBytes = HyperLogLog::kRegisters * 5 / 8;

std::size_t index_of(std::uint64_t hash) {
  return hash >> (64 - HyperLogLog::kPrecision);
}

unsigned rank_of(std::uint64_t hash) {
  const auto rank = static_cast<unsigned>(std::countl_zero(hash << HyperLogLog::kPrecision)) + 1;
  return std::min(rank, HyperLogLog::kMaxRank);
}

/// The sums of Ertl's paper that stand for registers at rank 0 and at the highest rank.
double sigma(double x) {
  if (x == 1.0) return HUGE_VAL;
  double y = 1, z = x, before = 0;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z != before);
  return z;
}

double tau(double x) {
  if (x == 0.0 || x == 1.0) return 0;
  double y = 1, z = 1 - x, before = 0;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

Error corrupt() {
  return {ErrorCode::corrupt, "users sketch: not of a known form", {}};
}

}  // namespace

Result<HyperLogLog> HyperLogLog::from_bytes(std::string_view bytes) {
  HyperLogLog sketch;
  if (bytes.empty()) return corrupt();
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (byte(0) == 1 && bytes.size() % 2 == 1) {
    for (std::size_t i = 1; i < bytes.size(); i += 2) {
      const auto entry = static_cast<std::uint16_t>(byte(i) | byte(i + 1) << 8);
      if (!sketch.sparse_.empty() && entry >> 5 <= sketch.sparse_.back() >> 5) return corrupt();
      sketch.sparse_.push_back(entry);
    }
    return sketch;
  }
  if (byte(0) != 2 || bytes.size() != 1 + kDenseBytes) return corrupt();
  sketch.dense_.resize(kRegisters);
  for (std::size_t i = 0; i < kRegisters; ++i) {
    const std::size_t bit = i * 5;
    unsigned pair = byte(1 + bit / 8);
    if (2 + bit / 8 < bytes.size()) pair |= unsigned{byte(2 + bit / 8)} << 8;
    sketch.dense_[i] = static_cast<std::uint8_t>(pair >> (bit % 8) & 31);
  }
  return sketch;
}

std::string HyperLogLog::to_bytes() const {
  std::string bytes;
  if (dense_.empty()) {
    bytes += '\x01';
    for (const auto entry : sparse_) {
      bytes += static_cast<char>(entry & 255);
      bytes += static_cast<char>(entry >> 8);
    }
    return bytes;
  }
  bytes.assign(1 + kDenseBytes, '\0');
  bytes[0] = '\x02';
  for (std::size_t i = 0; i < kRegisters; ++i) {
    const std::size_t bit = i * 5;
    const unsigned pair = unsigned{dense_[i]} << (bit % 8);
    bytes[1 + bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[1 + bit / 8]) | (pair & 255));
    if (pair > 255) {
      bytes[2 + bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[2 + bit / 8]) | (pair >> 8));
    }
  }
  return bytes;
}

unsigned HyperLogLog::rank_at(std::size_t index) const {
  if (!dense_.empty()) return dense_[index];
  const auto at = std::lower_bound(sparse_.begin(), sparse_.end(), index << 5);
  return at != sparse_.end() && std::size_t{*at} >> 5 == index ? *at & 31U : 0;
}

bool HyperLogLog::would_change(std::uint64_t hash) const {
  return rank_of(hash) > rank_at(index_of(hash));
}

bool HyperLogLog::add(std::uint64_t hash) {
  return raise(index_of(hash), rank_of(hash));
}

bool HyperLogLog::raise(std::size_t index, unsigned rank) {
  if (!dense_.empty()) {
    if (rank <= dense_[index]) return false;
    dense_[index] = static_cast<std::uint8_t>(rank);
    return true;
  }
  const auto entry = static_cast<std::uint16_t>(index << 5 | rank);
  const auto at = std::lower_bound(sparse_.begin(), sparse_.end(), index << 5);
  if (at != sparse_.end() && std::size_t{*at} >> 5 == index) {
    if (entry <= *at) return false;
    *at = entry;
    return true;
  }
  sparse_.insert(at, entry);
  if (sparse_.size() > kMostSparse) make_dense();
  return true;
}

void HyperLogLog::make_dense() {
  dense_.assign(kRegisters, 0);
  for (const auto entry : sparse_) dense_[entry >> 5] = entry & 31;
  sparse_ = {};
}

void HyperLogLog::merge(const HyperLogLog& other) {
  for (const auto entry : other.sparse_) raise(entry >> 5, entry & 31U);
  for (std::size_t i = 0; i < other.dense_.size(); ++i) {
    if (other.dense_[i] > 0) raise(i, other.dense_[i]);
  }
}

std::uint64_t HyperLogLog::estimate() const {
  std::array<double, kMaxRank + 1> registers_at{};
  for (const auto rank : dense_) registers_at[rank] += 1;
  for (const auto entry : sparse_) registers_at[entry & 31U] += 1;
  if (dense_.empty()) registers_at[0] = static_cast<double>(kRegisters - sparse_.size());
  constexpr double kM = kRegisters;
  double z = kM * tau((kM - registers_at[kMaxRank]) / kM);
  for (std::size_t rank = kMaxRank - 1; rank >= 1; --rank) z = 0.5 * (z + registers_at[rank]);
  z += kM * sigma(registers_at[0] / kM);
  return static_cast<std::uint64_t>(std::llround(0.5 / std::log(2.0) * kM * kM / z));
}

}  // namespace mesher::postgres
