#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "graph/base/clock.hpp"
#include "io/http/ingest_auth.hpp"

namespace mesher::http {

/// Events per minute, of each key and each project that has a limit. A sliding window of 601 pieces of 100 ms
/// (600 whole ones and the one that is partly in): in any minute no more than the limit gets in, and a sender that
/// wants more gets at least 99.8 % of it. One window of 2.4 KB per limited key and project; senders without limits cost
/// nothing. Any thread.
class RateLimiter {
 public:
  explicit RateLimiter(const Clock& clock) : clock_(clock) {}

  enum class Scope : std::uint8_t { none, key, project };
  struct Verdict {
    std::uint32_t allowed = 0;  ///< of those asked for; they are counted
    Scope scope = Scope::none;  ///< whose limit held the rest back
    std::uint32_t retry_after =
        0;  ///< seconds until a tenth of the limit is free again, at least 1; 0: all were allowed
  };

  /// Lets as many of `wanted` events in as both limits allow.
  Verdict admit(const Sender& sender, std::uint32_t wanted);

  /// True if not one event would be let in now; counts nothing. A cheap look before the work of parsing.
  [[nodiscard]] Verdict full(const Sender& sender);

 private:
  static constexpr std::size_t kPieces = 601;
  static constexpr std::int64_t kPieceMs = 100;

  class Window {
   public:
    std::uint32_t take(std::int64_t piece, std::uint32_t limit, std::uint32_t wanted);
    void give_back(std::int64_t piece, std::uint32_t n);
    [[nodiscard]] std::uint32_t seconds_until_room(std::int64_t piece, std::uint32_t limit);
    [[nodiscard]] bool idle(std::int64_t piece);

   private:
    void slide(std::int64_t piece);

    std::mutex mutex_;
    std::array<std::uint32_t, kPieces> counts_{};
    std::int64_t newest_ = 0;
    std::uint64_t sum_ = 0;
  };

  [[nodiscard]] std::int64_t now() const;
  std::shared_ptr<Window> window(Scope scope, std::uint32_t id);

  const Clock& clock_;
  std::shared_mutex mutex_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Window>> windows_;
  std::size_t prune_at_ = 1024;
};

}  // namespace mesher::http
