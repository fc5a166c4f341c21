#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace mesher::bench {

/// Counts of durations in nanoseconds, exact to 1.6 %: 64 steps within each power of two (the layout of HdrHistogram).
/// Not thread-safe.
class LatencyHistogram {
 public:
  void record(std::int64_t ns) {
    const auto value = ns < 0 ? 0 : static_cast<std::uint64_t>(ns);
    ++buckets_[bucket_of(value)];
    ++count_;
    sum_ += value;
    if (value > max_) max_ = value;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }
  [[nodiscard]] std::uint64_t max() const { return max_; }

  /// The duration in nanoseconds that a share `q` of all stayed within (0.99: p99); 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t quantile(double q) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= wanted && seen > 0) return top_of(i) < max_ ? top_of(i) : max_;
    }
    return max_;
  }

 private:
  static constexpr unsigned kSteps = 64, kStepBits = 6;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < kSteps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kStepBits - 1;
    return (shift + 1) * kSteps + (value >> shift) - kSteps;
  }
  static std::uint64_t top_of(std::size_t bucket) {
    if (bucket < kSteps) return bucket;
    const auto shift = bucket / kSteps - 1;
    return ((bucket % kSteps + kSteps + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - kStepBits + 1) * kSteps> buckets_{};
  std::uint64_t count_ = 0, sum_ = 0, max_ = 0;
};

}  // namespace mesher::bench
