#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace mesher::http {

/// Counts open connections, in all and by peer address, and says when there are too many. Any thread.
class ConnectionQuota : public std::enable_shared_from_this<ConnectionQuota> {
 public:
  ConnectionQuota(std::size_t limit, std::size_t limit_per_address)
      : limit_(limit), limit_per_address_(limit_per_address) {}

  /// One place; its destructor gives it back.
  class Unit {
   public:
    Unit() = default;
    Unit(std::shared_ptr<ConnectionQuota> quota, std::string address)
        : quota_(std::move(quota)), address_(std::move(address)) {}
    Unit(Unit&&) noexcept = default;
    Unit& operator=(Unit&&) = delete;
    ~Unit();
    explicit operator bool() const { return quota_ != nullptr; }

   private:
    std::shared_ptr<ConnectionQuota> quota_;
    std::string address_;  ///< empty: not counted by address
  };

  /// An empty unit if a limit is reached. `exempt`: the limit per address does not hold for this peer.
  [[nodiscard]] Unit enter(const std::string& address, bool exempt);
  [[nodiscard]] std::size_t count() const noexcept { return count_.load(); }
  /// Waits until all units are back; false if `until` came first.
  [[nodiscard]] bool wait_empty_until(std::chrono::steady_clock::time_point until);

 private:
  const std::size_t limit_, limit_per_address_;
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::condition_variable returned_;
  std::unordered_map<std::string, std::size_t> by_address_;  ///< as many entries as addresses with open connections
};

}  // namespace mesher::http
