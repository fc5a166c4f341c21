#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/base/result.hpp"
#include "nodes/event.hpp"
#include "nodes/record.hpp"

namespace mesher::nodes::ports {

/// An event that a node could not digest, with all that is needed to send it round again.
struct QuarantinedRecord {
  std::uint32_t project_id = 0, key_id = 0;
  EventId event_id;
  UnixMicros received = 0;
  std::string node, reason, payload;
  bool is_event = true;  ///< false: something else of the journal, which can't go round again
};

/// All that one transaction stores. Events in journal order.
struct WriteSet {
  std::string journal_id;
  std::uint32_t partition = 0;
  std::uint64_t cursor_from = 0;  ///< must equal the stored cursor, else somebody else wrote: conflict
  std::uint64_t cursor_to = 0;    ///< entries below are finished by this transaction
  std::vector<Event*> events;
  std::vector<OutcomeCount> outcomes;  ///< without `accepted`, which the store counts itself
  std::vector<QuarantinedRecord> quarantined;
  std::vector<Feedback> feedback;
};

using nodes::IssueChange;

struct Committed {
  std::vector<bool> duplicate;  ///< parallel to WriteSet::events: not stored, its id was there already
  std::vector<IssueChange> issues;
};

/// Implemented by io/postgres. Calls block; one thread per partition calls commit.
class EventStore {
 public:
  virtual ~EventStore() = default;

  /// Stores everything in one transaction: rows, payload blocks, issue counters, roll-ups, outcomes, quarantine,
  /// cursor. Events with an id that is stored already (or twice in the set) are left out and counted as
  /// invalid/duplicate. Errors: unavailable (retry), invalid (the data of some event can't be stored: bisect), conflict
  /// (the cursor moved, or an issue is gone or has another epoch than its events: `hint` "cursor" or "issue").
  virtual Result<Committed> commit(const WriteSet& set) = 0;

  /// The stored cursor of a partition; 0 if there is none. Error: unavailable.
  virtual Result<std::uint64_t> cursor(const std::string& journal_id, std::uint32_t partition) = 0;
};

/// What search can find an issue by, beside its title and culprit; of its first event. Names are distinct, and few.
struct IssueText {
  std::string error_type, message;
  std::vector<std::string> functions, modules, files;
};

/// What upsert asks of the database.
class IssueStore {
 public:
  struct Wanted {
    std::uint32_t project_id = 0;
    std::vector<Fingerprint> hashes;  ///< first is the primary one
    std::string title, culprit, type, platform;
    Level level = Level::error;
    UnixMicros first_seen = 0;
    std::uint16_t grouping_version = 0;
    std::string first_release;  ///< of the event that creates it; empty: none
    std::string signature;      ///< for finding similar issues (nodes/similarity.hpp)
    // What ownership rules look at.
    std::vector<std::string> paths;
    std::vector<std::pair<std::string, std::string>> tags;
    IssueText text;
  };
  struct Found {
    std::int64_t issue_id = 0;  ///< kDiscardedIssue: events of this hash are to be dropped
    std::int32_t epoch = 0;     ///< goes into the events (Event::issue_epoch)
    friend bool operator==(const Found&, const Found&) = default;
  };
  virtual ~IssueStore() = default;

  /// Finds or creates the issue of each entry, exactly once whatever the concurrency; answers parallel to `wanted`.
  /// An issue is created with event_count 0 and stays invisible until an event of it is stored. Blocks.
  virtual Result<std::vector<Found>> find_or_create(std::span<const Wanted> wanted) = 0;
};

}  // namespace mesher::nodes::ports
