#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

namespace mesher::graph {

/// The room of one node: how many batches may be inside it, waiting or running. A credit that comes free goes straight
/// to the sender that has waited longest, so nobody overtakes and nobody is woken in vain. Any thread.
class Credits {
 public:
  /// A sender that let its thread go. granted() is called once, with a credit, from the thread that freed it; without
  /// any lock. Destroyed without it when the graph is abandoned.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void granted() noexcept = 0;
  };

  /// Capacity 0: no bound here (an ordered sink, which the source's window bounds); the figure still counts.
  explicit Credits(std::uint32_t capacity) : capacity_(capacity) {}

  [[nodiscard]] bool try_acquire() noexcept;

  /// True: took a credit, `waiter` is untouched. False: `waiter` waits (or is gone, if the credits are abandoned).
  [[nodiscard]] bool acquire_or_wait(std::unique_ptr<Waiter>& waiter);

  /// One more inside, bound or not: a batch inside was split in two.
  void acquire_over_bound() noexcept;

  void release() noexcept;

  /// Destroys all waiters, and all that come later.
  void abandon() noexcept;

  [[nodiscard]] std::uint32_t inside() const noexcept;

 private:
  [[nodiscard]] bool has_room() const noexcept { return capacity_ == 0 || inside_ < capacity_; }

  const std::uint32_t capacity_;
  mutable std::mutex mutex_;
  std::uint32_t inside_ = 0;
  bool abandoned_ = false;
  std::deque<std::unique_ptr<Waiter>> waiters_;  // not empty only while there is no room
};

/// Who takes back what a Permit stands for.
class PermitHolder {
 public:
  virtual void give_back() noexcept = 0;

 protected:
  ~PermitHolder() = default;
};

/// A taken credit. Goes back by itself.
class Permit {
 public:
  Permit() = default;
  explicit Permit(PermitHolder& holder) : holder_(&holder) {}
  Permit(Permit&& other) noexcept : holder_(std::exchange(other.holder_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    Permit before(std::move(*this));
    holder_ = std::exchange(other.holder_, nullptr);
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() {
    if (holder_ != nullptr) holder_->give_back();
  }

  /// From here on somebody else counts.
  void disown() noexcept { holder_ = nullptr; }

 private:
  PermitHolder* holder_ = nullptr;
};

/// A sender's own permit while it hands on: goes back when the last piece has been taken. Not thread-safe itself, but
/// what share() gives out may end on any thread.
class Turn {
 public:
  explicit Turn(Permit permit) : own_(std::move(permit)) {}
  [[nodiscard]] std::shared_ptr<Permit> share() {
    if (shared_ == nullptr) shared_ = std::make_shared<Permit>(std::move(own_));
    return shared_;
  }
  [[nodiscard]] bool shared() const { return shared_ != nullptr; }
  /// The permit itself, unless it is shared.
  [[nodiscard]] Permit take() { return std::move(own_); }

 private:
  Permit own_;
  std::shared_ptr<Permit> shared_;
};

}  // namespace mesher::graph
