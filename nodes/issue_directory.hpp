#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>

#include "nodes/event.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::nodes {

/// Which issue a fingerprint belongs to: a bounded memory of the database's issue_hashes, in front of IssueStore.
/// Any thread.
class IssueDirectory {
 public:
  /// `capacity`: fingerprints remembered, about 64 bytes each. Two generations: what has not been asked for since the
  /// last turn is forgotten.
  explicit IssueDirectory(ports::IssueStore& store, std::size_t capacity = 200'000);

  /// Sets issue_id of every event whose primary hash is remembered; answers how many are still without.
  std::size_t fill_known(std::span<Event> events);

  /// Asks the store for the rest, creating what does not exist. Blocks. Error: as IssueStore::find_or_create.
  Status fill_missing(std::span<Event> events);

  /// The store no longer has an issue of these events: forget what is remembered of them and reset their issue_id.
  void forget(std::span<Event* const> events);

 private:
  struct Key {
    std::uint32_t project_id;
    Fingerprint hash;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  using Map = std::unordered_map<Key, std::int64_t, KeyHash>;

  [[nodiscard]] std::int64_t find_locked(const Key& key);
  void remember_locked(const Key& key, std::int64_t issue_id);

  ports::IssueStore& store_;
  const std::size_t generation_size_;
  std::mutex mutex_;
  Map young_, old_;
};

}  // namespace mesher::nodes
