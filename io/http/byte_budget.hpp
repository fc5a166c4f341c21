#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace mesher::http {

/// How many bytes of request bodies, as received and inflated, may be in memory at once, over all connections: the
/// server's bound on memory is in bytes, not only in connections. Any thread. Shared by its reservations.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) : limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }

  /// Bytes taken from a budget; given back by the destructor. Not thread-safe, movable.
  class Reservation {
   public:
    Reservation() = default;
    explicit Reservation(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
    /// `other` keeps its budget: a connection goes on with it for the next body.
    // NOLINTNEXTLINE(performance-move-constructor-init)
    Reservation(Reservation&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Reservation() { clear(); }

    /// Takes more. False: the budget is spent, nothing was taken. Without a budget always true.
    [[nodiscard]] bool grow(std::size_t bytes) noexcept {
      if (budget_ == nullptr) return true;
      const auto before = budget_->used_.fetch_add(bytes, std::memory_order_relaxed);
      if (before + bytes > budget_->limit_) {
        budget_->used_.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
      }
      bytes_ += bytes;
      return true;
    }
    void clear() noexcept {
      if (budget_ != nullptr) budget_->used_.fetch_sub(std::exchange(bytes_, 0), std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

   private:
    std::shared_ptr<ByteBudget> budget_;
    std::size_t bytes_ = 0;
  };

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

}  // namespace mesher::http
