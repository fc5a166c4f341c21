#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "nodes/alerts/engine.hpp"
#include "nodes/alerts/window.hpp"

/// For the sources of this folder.
namespace mesher::nodes::alerts {

/// The counts of one window, by key. Guarded by the mutex of the project's rules.
struct WindowState {
  /// One key's window.
  struct Entry {
    std::string name;  ///< "" of the project, "17" of an issue, the tag's value
    std::unique_ptr<CountWindow> counts;
    std::unique_ptr<UserWindow> users;
    // There is nothing to fire as long as the project's generation is the same, it is not later than this, and the
    // total is below the next rule's threshold.
    std::uint64_t asked_generation = 0;
    UnixMicros quiet_until = 0;
    std::int64_t next_threshold = 0;

    [[nodiscard]] std::int64_t latest_step() const { return counts ? counts->latest_step() : users->latest_step(); }
  };

  WindowState(Engine::WindowKey its_key, std::shared_ptr<std::atomic<std::size_t>> all_units);
  ~WindowState();
  WindowState(const WindowState&) = delete;
  WindowState& operator=(const WindowState&) = delete;

  /// Makes it if need be.
  Entry& entry(std::uint64_t hash, std::string_view name);
  Entry* find(std::uint64_t hash);
  /// The entry's count after adding.
  std::int64_t add(Entry& entry, UnixMicros at, std::uint64_t user, std::uint32_t count = 1);
  [[nodiscard]] std::int64_t total(const Entry& entry, UnixMicros now) const;
  /// Takes back `count` events; `user_before`: when the user was seen before it.
  void undo(std::uint64_t hash, UnixMicros at, std::uint32_t count, std::uint64_t user, UnixMicros user_before);
  /// Lets go of keys that hold nothing any more.
  void drop_empty(UnixMicros now);
  /// Lets go of keys that were counted later than `limit`. True if there were any.
  bool drop_after(UnixMicros limit);

  const Engine::WindowKey key;
  const UnixMicros step;
  bool filled = false;
  std::size_t most_users = 1;  ///< the highest threshold of its rules
  std::unordered_map<std::uint64_t, Entry> entries;

 private:
  void make_room();
  void account(std::int64_t units);
  void erase(std::unordered_map<std::uint64_t, Entry>::iterator at);

  std::shared_ptr<std::atomic<std::size_t>> all_units_;
};

/// What the key of a window or an alert is hashed by.
[[nodiscard]] std::uint64_t hash_of(std::string_view text);

}  // namespace mesher::nodes::alerts
