#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>

#include "nodes/event.hpp"
#include "nodes/ports/event_store.hpp"

namespace mesher::nodes {

/// Why an event of a discarded hash leaves the graph.
constexpr graph::DropReason kDiscarded{"filtered", "discarded"};

/// Which issue a fingerprint belongs to: a bounded memory of the database's issue_hashes, in front of IssueStore.
///
/// A hash that has gone to another issue since (merge, split), or whose issue was deleted or discarded, is noticed by
/// the store: it refuses the events, and forget() is called. That a hash is discarded is believed for kTrustDiscarded
/// only, since nothing else would tell when that is taken back.
///
/// Any thread.
class IssueDirectory {
 public:
  static constexpr std::chrono::milliseconds kTrustDiscarded{500};

  /// `capacity`: fingerprints remembered, about 80 bytes each. Two generations: what has not been asked for since the
  /// last turn is forgotten.
  explicit IssueDirectory(ports::IssueStore& store, std::size_t capacity = 200'000);

  /// Sets issue_id and issue_epoch of every event whose primary hash is remembered; answers how many are still without.
  /// The id of an event to be dropped is kDiscardedIssue.
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
  using Found = ports::IssueStore::Found;
  struct Entry {
    Found found;
    std::chrono::steady_clock::time_point asked_at;  ///< of a discarded hash
  };
  using Map = std::unordered_map<Key, Entry, KeyHash>;

  [[nodiscard]] Found find_locked(const Key& key);
  void remember_locked(const Key& key, const Entry& entry);

  ports::IssueStore& store_;
  const std::size_t generation_size_;
  std::mutex mutex_;
  Map young_, old_;
};

}  // namespace mesher::nodes
