#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/postgres/block_words.hpp"
#include "io/postgres/event_store.hpp"
#include "io/postgres/issue_tags.hpp"
#include "io/postgres/issue_transitions.hpp"
#include "io/postgres/known_releases.hpp"
#include "io/postgres/payload_block.hpp"
#include "io/postgres/project_users.hpp"
#include "io/postgres/recent_ids.hpp"
#include "io/postgres/tag_limits.hpp"
#include "io/postgres/tally.hpp"
#include "io/postgres/user_sketches.hpp"

/// For event_store.cpp and event_writer*.cpp.
namespace mesher::postgres {

/// What all writers of a process know together.
struct EventStore::Shared {
  Shared(const Clock& its_clock, Health& its_health, Partitions& its_partitions, Metrics& metrics,
         AlertHooks its_alerts, const std::atomic<std::int64_t>* its_lease);

  const Clock& clock;
  Health& health;
  Partitions& partitions;
  const AlertHooks alerts;
  const std::atomic<std::int64_t>* const lease;  // null: no lease is needed
  Counter& duplicates;
  Counter& slow_paths;
  std::mutex mutex;
  RecentIds recent{128 * 1024};  // guarded by mutex, as those below
  TagLimits tags;
  UserSketches sketches;
  KnownReleases releases;
  SeenIssueTags issue_tags;
};

/// Stores the sets of one partition.
class EventStore::Writer {
 public:
  using Committed = nodes::ports::Committed;

  Writer(const ConnectOptions& options, Shared& shared, std::string name);

  Result<Committed> commit(const nodes::ports::WriteSet& set);
  Result<std::uint64_t> cursor(const std::string& journal_id, std::uint32_t partition);

 private:
  using Event = nodes::Event;
  /// One attempt to store a set.
  struct Attempt {
    std::vector<Event*> stored;      ///< by project, day and issue
    std::vector<EventPlace> places;  ///< parallel to `stored`
    std::vector<Event*> duplicates;
    std::vector<Call> blocks;
    std::vector<IssueDelta> issues;
    std::vector<Call> user_updates;
    std::vector<HyperLogLog> sketches;               ///< that this transaction stores, …
    std::vector<const IssueDelta*> sketched_issues;  ///< … of these issues
    std::vector<IssueTransition> transitions;
    std::vector<KnownReleases::Release> new_releases;
    std::vector<IssueTag> new_tags;
    nodes::alerts::Counted counted;  ///< by the alerts' windows, unless it comes to nothing
    std::vector<StoredAlert> alerts;
    Committed result;
  };
  /// A commit whose answer was lost, and what it would have answered.
  struct InDoubt {
    std::uint64_t from = 0, to = 0;
    Committed result;
    nodes::alerts::Counted counted;
  };

  Status connect();
  Result<Committed> store(const nodes::ports::WriteSet& set);
  Result<Committed> try_once(const nodes::ports::WriteSet& set, Attempt& attempt, bool& refused_id);
  void leave_out_repeated(const nodes::ports::WriteSet& set, Attempt& attempt);
  Status leave_out_stored(Attempt& attempt, bool all_days);
  void set_aside(Attempt& attempt, const std::vector<bool>& repeated);
  Status place_events(Attempt& attempt);
  Status reserve_blocks(std::size_t count);
  void sort_by_issue(Attempt& attempt);
  void make_blocks(Attempt& attempt);
  Status load_tags(const Attempt& attempt);
  Status begin(const nodes::ports::WriteSet& set, bool& stored_before);
  Status lock_issues(Attempt& attempt);
  Status merge_users(Attempt& attempt, const Rows& sketches);
  Status decide_states(Attempt& attempt);
  Status identify_releases(std::span<LifeEventsOfIssue> issues);
  Status count_alerts(Attempt& attempt);
  Result<std::vector<KnownReleases::Release>> first_seen_releases(const Attempt& attempt);
  Status finish(const nodes::ports::WriteSet& set, Attempt& attempt);
  void describe(const nodes::ports::WriteSet& set, Attempt& attempt) const;
  void remember(Attempt& attempt);
  Committed resolve_doubt(const nodes::ports::WriteSet& set);
  void roll_back();

  const ConnectOptions options_;
  Shared& shared_;
  const std::string name_;
  std::mutex mutex_;  // one call at a time; all below is guarded by it
  std::optional<Connection> connection_;
  BlockCompressor compressor_;
  BlockWords words_;
  ProjectUsers project_users_;
  std::deque<std::int64_t> free_blocks_;
  std::string rows_;
  std::optional<InDoubt> in_doubt_;
};

}  // namespace mesher::postgres
