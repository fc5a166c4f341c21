#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "graph/base/clock.hpp"

namespace mesher::auth {

/// So many in a while, for each key (an account, an address, a token): the generic cell rate algorithm, which needs one
/// time per key. `count` may come at once; they grow back evenly over `window`. Keys are remembered as 64-bit hashes
/// with a random start, at most kMostKeys of them: beyond, those nearest to being whole again are forgotten first. Any
/// thread.
class Allowance {
 public:
  static constexpr std::size_t kMostKeys = 100'000;

  /// `count` 0: no limit at all.
  Allowance(std::uint32_t count, std::chrono::seconds window, const Clock& clock);

  struct Verdict {
    bool allowed = true;
    std::uint32_t limit = 0;        ///< 0: there is none
    std::uint32_t remaining = 0;    ///< that could come now
    std::uint32_t retry_after = 0;  ///< seconds until the next may come, at least 1 if this one may not
    std::uint32_t whole_after = 0;  ///< seconds until `limit` could come at once again
  };

  /// Takes one, if there is one.
  Verdict take(std::string_view key);
  /// Gives one back.
  void give_back(std::string_view key);
  /// The key is as if it had never come.
  void forget(std::string_view key);

  [[nodiscard]] std::chrono::seconds window() const { return window_; }
  [[nodiscard]] std::size_t keys() const;

 private:
  [[nodiscard]] std::uint64_t hash_of(std::string_view key) const;
  void make_room(std::int64_t now);

  const std::uint32_t count_;
  const std::chrono::seconds window_;
  const std::int64_t interval_us_;  // in which one grows back
  const Clock& clock_;
  const std::uint64_t salt_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::int64_t> whole_at_us_;  // guarded by mutex_; when nothing will be taken
};

}  // namespace mesher::auth
